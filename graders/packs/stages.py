"""Stages of a kata: parts of the task that a learner opens one after the other, each with its brief and its checks.

A repository knows the stage that it has reached. The checks of all stages up to it run; later ones are not there yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from graders.errors import PackError, UsageError
from graders.packs.inside import inside
from graders.packs.records import Check, Kata, Stage
from graders.packs.yaml_source import Section

_CHECK = re.compile(r"^def check_([a-z0-9_]+?)(?:__\w+)?\(|^  ([a-z0-9-]+):\s*$", re.MULTILINE)


def read_stages(top: Section, checks: Sequence[Check]) -> tuple[Stage, ...]:
    """The `stages:` of kata.yaml, () where there are none. Each check belongs to exactly one of them."""
    stages: list[Stage] = []
    of_check: dict[str, str] = {}
    ids = [check.id for check in checks]
    for section in top.sections("stages"):
        section.only(("id", "title", "brief", "checks"))
        stage = Stage(
            section.text("id"),
            section.text("title"),
            inside(section, "brief", section.text("brief")),
            section.texts("checks", required=True),
        )
        if stage.id in {one.id for one in stages}:
            section.fail("id", f"the stage `{stage.id}` is defined twice", "give it another id")
        for id in stage.checks:
            if id not in ids:
                section.fail("checks", f"`{id}` is not a check of this kata", f"it has: {', '.join(ids)}")
            if id in of_check:
                section.fail("checks", f"`{id}` is in the stage `{of_check[id]}` too", "keep it in one stage")
            of_check[id] = stage.id
        stages.append(stage)
    if stages:
        _must_be_whole(top, checks, of_check, [stage.id for stage in stages])
    return tuple(stages)


def _must_be_whole(top: Section, checks: Sequence[Check], of_check: dict[str, str], order: list[str]) -> None:
    for check in checks:
        if check.id not in of_check:
            top.fail("stages", f"the check `{check.id}` is in no stage", "add it to one")
        for need in check.needs:
            if need in of_check and order.index(of_check[need]) > order.index(of_check[check.id]):
                message = f"`{check.id}` needs `{need}`, which belongs to a later stage"
                top.fail("stages", message, "move one of the two")


def stage_meant(kata: Kata, id: str | None) -> Stage | None:
    """The stage of that id; the last one for None; None where the kata has no stages. Raises UsageError."""
    if not kata.stages:
        if id is None:
            return None
        raise UsageError(f"the kata `{kata.slug}` has no stages", hint="leave the stage out")
    for stage in kata.stages:
        if stage.id == id:
            return stage
    if id is None:
        return kata.stages[-1]
    known = ", ".join(stage.id for stage in kata.stages)
    raise UsageError(f"the kata `{kata.slug}` has no stage `{id}`", hint=f"it has: {known}")


def stages_up_to(kata: Kata, stage: Stage | None) -> tuple[Stage, ...]:
    """The stages that are open when `stage` is reached; all of them for None."""
    return kata.stages if stage is None else kata.stages[: kata.stages.index(stage) + 1]


def next_stage(kata: Kata, stage: Stage) -> Stage | None:
    """The stage after `stage`, None after the last one."""
    return next(iter(kata.stages[kata.stages.index(stage) + 1 :]), None)


def checks_up_to(kata: Kata, stage: Stage | None) -> tuple[Check, ...]:
    """The checks of the open stages, in the kata's order; all checks where there are no stages."""
    if stage is None:
        return kata.checks
    ids = {id for one in stages_up_to(kata, stage) for id in one.checks}
    return tuple(check for check in kata.checks if check.id in ids)


def brief_at(kata: Kata, stage: Stage | None) -> str:
    """The brief as it is when `stage` is reached: the kata's own, then those of the open stages."""
    parts = [read_text(kata.folder / "brief.md")]
    parts += [read_text(kata.folder / one.brief) for one in stages_up_to(kata, stage)]
    return "\n".join(parts)


def read_text(path: Path) -> str:
    """A brief as its author wrote it. Raises PackError where there is none, or none that can be read."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        hint = "write the task: every endpoint, every status, every rule that is checked"
        raise PackError("is missing", path=path, hint=hint) from None
    except UnicodeDecodeError as error:
        raise PackError(f"is not UTF-8 (byte {error.start})", path=path, hint="save it as UTF-8") from None
    except OSError as error:
        raise PackError(f"cannot be read: {error.strerror}", path=path, hint="give access to it") from None


def shipped_at(kata: Kata, stage: Stage | None) -> tuple[Path, ...]:
    """The suite's files that a learner may read at `stage`: what open checks share, and each file of open checks
    that holds one of an open stage."""
    suite = kata.folder / "suite"
    shared = [*suite.glob("shared_*.py"), *suite.glob("shared_*.yaml")]
    ids = {check.id for check in checks_up_to(kata, stage)}
    own = [path for pattern in ("open_*.py", "open_*.yaml") for path in suite.glob(pattern)]
    return tuple(sorted([*shared, *(path for path in own if not kata.stages or checks_in(path) & ids)]))


def checks_in(path: Path) -> set[str]:
    """The ids of the checks that a file of the suite defines, as its text shows them."""
    found = _CHECK.findall(path.read_text(encoding="utf-8", errors="replace"))
    return {(python or yaml).replace("_", "-") for python, yaml in found}
