"""The audit of a kata's stages: each asks something of the learner, and each but the last has a right answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graders.authoring.problem import Problem
from graders.packs.records import Kata
from graders.packs.solutions import load_solutions
from graders.packs.yaml_source import read_yaml


def audit_stages(kata: Kata) -> Iterator[Problem]:
    """What is wrong with the stages; nothing where there are none."""
    for number, stage in enumerate(kata.stages):
        if not set(stage.checks) & set(kata.starter_fails):
            message = f"the starter passes every check of the stage `{stage.id}`"
            yield Problem(
                _line(kata, number), message, "a stage asks for work: add a check that the starter fails"
            )
    yield from _unanswered(kata)
    yield from _unused_briefs(kata)


def _unanswered(kata: Kata) -> Iterator[Problem]:
    answered = {solution.stage for solution in load_solutions(kata) if solution.kind != "flawed"}
    for number, stage in enumerate(kata.stages[:-1]):
        if stage.id not in answered:
            hint = (
                f"write one with `stage: {stage.id}` that does what the briefs up to this stage ask and no more:"
                " it shows that the checks ask no more either"
            )
            yield Problem(_line(kata, number), f"no right solution answers the stage `{stage.id}`", hint)


def _unused_briefs(kata: Kata) -> Iterator[Problem]:
    briefs = {kata.folder / stage.brief for stage in kata.stages}
    for path in sorted((kata.folder / "stages").glob("*")):
        if path not in briefs and not path.name.startswith("."):
            where = str(Path(kata.slug) / path.relative_to(kata.folder))
            yield Problem(where, "is the brief of no stage", "name it in kata.yaml, or remove it")


def _line(kata: Kata, number: int) -> str:
    section = read_yaml(kata.folder / "kata.yaml").sections("stages")[number]
    return f"{Path(kata.slug) / 'kata.yaml'}:{section.line}"
