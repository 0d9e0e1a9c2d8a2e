"""The files of a submission that are the kata's own: put back as they were shipped, and each change named."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graders.errors import KataError
from graders.packs.records import ASSISTANTS, Assistants, Kata, Stack, Stage
from graders.packs.rendering import MARKER, render_starter
from graders.results.grade import Flag
from graders.submission.folder import Submission, read_marker
from graders.submission.intake.taking import Intake

_PROCFILE, _INSTRUCTIONS, _CHECKS = "Procfile", "AGENTS.md", "checks"
_RUN = ("web", "release", "worker")
_KEY = re.compile(rb"^\s*([A-Za-z0-9_-]+)\s*:")


def submission_of(intake: Intake, kata: Kata, stack: Stack, stage: Stage | None = None) -> Submission:
    """The copy as an answer to `kata`, which the judge names, with its protected files put back.

    `root` of the intake is changed: its marker, its copies of the open checks, and a Procfile with other names than
    web, release and worker.
    """
    with tempfile.TemporaryDirectory(dir=intake.root.parent) as folder:
        starter = Path(folder) / "starter"
        render_starter(kata, stack, starter, stage)
        flags = (
            *_restore_checks(intake.root, starter),
            *_restore_marker(intake.root, starter, kata),
            *_restore_procfile(intake.root),
            *_changed_instructions(intake.root, kata, stack, Path(folder)),
        )
    return Submission(intake.root, kata, stack, stage, flags=(*intake.flags, *flags), source=intake.source)


def _restore_checks(root: Path, starter: Path) -> Iterator[Flag]:
    changed = []
    for path in sorted((starter / _CHECKS).glob("*")):
        target = root / _CHECKS / path.name
        if not target.is_file() or target.read_bytes() != path.read_bytes():
            if target.exists():
                changed.append(f"{_CHECKS}/{path.name}")
            _put(target, path.read_bytes())
    if changed:
        yield Flag(
            "note", "checks-restored", f"changed copies of open checks were replaced: {_named(changed)}"
        )


def _restore_marker(root: Path, starter: Path, kata: Kata) -> Iterator[Flag]:
    """Its own words choose nothing: whoever judges says which kata it is."""
    marker = root / MARKER
    if marker.is_file():
        try:
            said = read_marker(root).kata
        except KataError as error:
            yield Flag("note", "marker-unreadable", f"its {MARKER} cannot be read: {error.message[-200:]}")
        else:
            if said != kata.slug:
                yield Flag("hold", "marker-disagrees", f"it says that it answers the kata `{said}`")
    _put(marker, (starter / MARKER).read_bytes())


def _restore_procfile(root: Path) -> Iterator[Flag]:
    path = root / _PROCFILE
    lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
    others = [line for line in lines if (key := _KEY.match(line)) and key[1].decode() not in _RUN]
    if others:
        _put(path, b"".join(line for line in lines if line not in others))
        names = [line.split(b":", 1)[0].decode("utf-8", "replace").strip() for line in others]
        yield Flag(
            "note", "procfile-names", f"names in the Procfile that are not run were removed: {_named(names)}"
        )


def _changed_instructions(root: Path, kata: Kata, stack: Stack, scratch: Path) -> Iterator[Flag]:
    path = root / _INSTRUCTIONS
    if not path.is_file():
        yield Flag("note", "instructions-changed", f"{_INSTRUCTIONS} was removed")
    elif path.read_bytes() not in {_instructions(kata, stack, scratch, policy) for policy in ASSISTANTS}:
        yield Flag("note", "instructions-changed", f"{_INSTRUCTIONS} is not the one that was shipped")


def _instructions(kata: Kata, stack: Stack, scratch: Path, policy: Assistants) -> bytes:
    place = scratch / policy
    render_starter(kata, stack, place, assistants=policy)
    return (place / _INSTRUCTIONS).read_bytes()


def _put(target: Path, content: bytes) -> None:
    """Write the file, where the submission may have a directory, or have a file in the directory's place."""
    if target.is_dir():
        shutil.rmtree(target)
    if target.parent.is_file():
        target.parent.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _named(names: list[str]) -> str:
    return ", ".join(f"`{os.fsdecode(name)}`" for name in names[:10])
