"""What somebody else handed in, as a submission: taken in under a run's directory, which ends with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.errors import KataError, UsageError
from graders.packs.loader import Packs
from graders.packs.records import Kata, Stack
from graders.packs.stages import stage_meant
from graders.sandbox.rundir import run_directory
from graders.submission.folder import Submission, read_marker
from graders.submission.intake import Intake, take_in
from graders.submission.intake.protected import submission_of
from toolkit.place import packs_of, stack_meant
from toolkit.settings import Settings


@contextmanager
def handed_in(
    source: Path, kata: str | None, stack: str | None, settings: Settings, *, stage: str | None = None
) -> Iterator[Submission]:
    """The archive or directory `source` as an answer to `kata`, for as long as the block lasts.

    `kata` is a slug: whoever judges says which kata it is. `stack`: one of the kata's (None: read from the files);
    `stage`: the last one that is judged (None: all).
    Raises Rejected for a submission that cannot be judged as it is.
    """
    packs = packs_of(settings, kata)
    if kata is None:
        raise UsageError(
            f"which kata {source} answers is for you to say", hint=f"kata test {source} --kata SLUG"
        )
    meant = packs.kata(kata)
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with run_directory(settings.run_dir) as run:
        intake = take_in(source.absolute(), run.path)
        last = stage_meant(meant, stage) if stage is not None else None
        yield submission_of(intake, meant, _stack(intake, meant, stack, packs), last)


def _stack(intake: Intake, kata: Kata, named: str | None, packs: Packs) -> Stack:
    """The stack that was named; else the one that the submission says, or whose files it has."""
    if named is not None or len(kata.stacks) == 1:
        return stack_meant(kata, named, packs)
    said = _said(intake)
    if said in kata.stacks:
        return packs.stack_of(kata, said)
    fitting = [name for name in kata.stacks if _has_inputs(intake, packs.stack(name))]
    if len(fitting) == 1:
        return packs.stack_of(kata, fitting[0])
    raise UsageError(
        f"the stack of {intake.source} cannot be read from its files",
        hint=f"name it: --stack, one of {', '.join(kata.stacks)}",
    )


def _said(intake: Intake) -> str | None:
    try:
        return read_marker(intake.root).stack
    except KataError:
        return None


def _has_inputs(intake: Intake, stack: Stack) -> bool:
    return all((intake.root / name).is_file() for name in stack.inputs)
