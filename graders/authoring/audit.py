"""The static audit of a kata: what is wrong in its files, before anything runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from graders.authoring.problem import Problem
from graders.authoring.suite_audit import audit_suite
from graders.authoring.suite_surface import audit_surface
from graders.backing.postgres.dataset import sql_files
from graders.errors import KataError
from graders.packs.loader import Packs
from graders.packs.records import Kata, Solution
from graders.packs.rendering import shipped_checks
from graders.packs.solutions import load_solutions
from graders.packs.yaml_source import read_yaml

FULL_POINTS = 100
FEWEST_HINTS = 3
_KNOWN = {
    "kata.yaml",
    "brief.md",
    "schema.sql",
    "seed.sql",
    "suite",
    "starter",
    "solutions",
    "guide.md",
    "proof.json",
}
_IGNORED = {"__pycache__", ".DS_Store"}
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s]+)\)")


def audit(kata: Kata, packs: Packs) -> tuple[Problem, ...]:
    """Every problem that the kata's files show by themselves, none twice."""
    problems: list[Problem] = []
    for question in (_points, _checks, _files, _suite, _brief, _starters, _solutions, _traps, _skills):
        try:
            problems += question(kata, packs)
        except KataError as error:
            problems.append(Problem(kata.slug, error.message, error.hint))
    return tuple(dict.fromkeys(problems))


def _at(kata: Kata, name: str) -> str:
    return str(Path(kata.slug) / name)


def _points(kata: Kata, _: Packs) -> Iterator[Problem]:
    if kata.points != FULL_POINTS:
        message = f"the points of its checks sum up to {kata.points}"
        yield Problem(_at(kata, "kata.yaml"), message, f"make them {FULL_POINTS}")


def _checks(kata: Kata, _: Packs) -> Iterator[Problem]:
    where = _at(kata, "kata.yaml")
    seen: list[str] = []
    for check in kata.checks:
        if check.id in seen:
            yield Problem(where, f"the check `{check.id}` is there twice", "give it an id of its own")
        for need in check.needs:
            if need not in seen:
                hint = "name a check that stands before it"
                yield Problem(where, f"`{check.id}` needs `{need}`, which does not come before it", hint)
        hints = len(kata.hints.get(check.id, ()))
        if hints < FEWEST_HINTS:
            hint = f"write a ladder of at least {FEWEST_HINTS}, from a nudge to the idea"
            yield Problem(where, f"`{check.id}` has {hints} hints", hint)
        seen.append(check.id)
    if not any(check.visibility == "open" for check in kata.checks):
        yield Problem(where, "no check is open", "let learners read at least one")


def _files(kata: Kata, _: Packs) -> Iterator[Problem]:
    for name in ("brief.md", *(path.name for path in sql_files(kata))):
        if not (kata.folder / name).is_file():
            yield Problem(_at(kata, name), "is missing", "add it")
    for entry in sorted(kata.folder.iterdir()):
        if entry.name not in _KNOWN | _IGNORED:
            yield Problem(
                _at(kata, entry.name), "is no part of a kata", f"known: {', '.join(sorted(_KNOWN))}"
            )
    for path in sorted((kata.folder / "solutions").glob("**/*")):
        if path.is_symlink():
            yield Problem(_at(kata, str(path.relative_to(kata.folder))), "is a link", "put the file there")


def _suite(kata: Kata, _: Packs) -> Iterator[Problem]:
    yield from audit_suite(kata)
    yield from audit_surface(kata)


def _brief(kata: Kata, _: Packs) -> Iterator[Problem]:
    brief = kata.folder / "brief.md"
    text = brief.read_text() if brief.is_file() else ""
    shipped = {f"checks/{path.name}" for path in shipped_checks(kata)} | {"checks/", "checks"}
    for number, line in enumerate(text.splitlines(), start=1):
        for link in _LINK.findall(line):
            in_starter = any((kata.folder / "starter" / stack / link).exists() for stack in kata.stacks)
            if link not in shipped and not in_starter:
                yield Problem(
                    f"{_at(kata, 'brief.md')}:{number}", f"links to `{link}`", "which no starter has"
                )


def _starters(kata: Kata, packs: Packs) -> Iterator[Problem]:
    if not kata.stacks:
        yield Problem(_at(kata, "starter"), "there is no starter", "add starter/<stack>/")
    for name in kata.stacks:
        packs.stack(name)
    if not kata.starter_fails:
        hint = "add `starter: {fails: [...]}`: a starter that passes teaches nothing"
        yield Problem(_at(kata, "kata.yaml"), "the starter fails nothing", hint)
    known = {check.id for check in kata.checks}
    for id in kata.starter_fails:
        if id not in known:
            yield Problem(_at(kata, "kata.yaml"), f"`starter.fails` names `{id}`", "which is no check")


def _solutions(kata: Kata, _: Packs) -> Iterator[Problem]:
    solutions = load_solutions(kata)
    for stack in kata.stacks:
        if not any(solution.stack == stack and solution.kind == "reference" for solution in solutions):
            yield Problem(_at(kata, "solutions"), f"there is no reference for the stack {stack}", "write one")
    for solution in solutions:
        if solution.stack not in kata.stacks:
            where = _at(kata, solution.source.relative_to(kata.folder).as_posix())
            yield Problem(
                where, f"the kata has no starter for its stack `{solution.stack}`", "add one, or mend it"
            )


def _traps(kata: Kata, _: Packs) -> Iterator[Problem]:
    flawed = [solution for solution in load_solutions(kata) if solution.kind == "flawed"]
    sealed = {check.id for check in kata.checks if check.visibility == "sealed"}
    for trap in kata.traps:
        into = [solution for solution in flawed if solution.trap == trap]
        if not into:
            yield Problem(
                _at(kata, "solutions"), f"no flawed solution falls into the trap “{trap}”", "write one"
            )
        elif not any(sealed & set(solution.fails) for solution in into):
            hint = "a learner may edit what open checks see; let a sealed one catch it too"
            yield Problem(_at(kata, "solutions"), f"no sealed check catches the trap “{trap}”", hint)
    for solution in flawed:
        yield from _known_trap(kata, solution)
    killers = Counter(id for solution in flawed for id in solution.fails)
    for check in kata.checks:
        if not killers[check.id]:
            hint = "a check that nothing fails proves nothing"
            yield Problem(_at(kata, "solutions"), f"no flawed solution fails `{check.id}`", hint)


def _known_trap(kata: Kata, solution: Solution) -> Iterator[Problem]:
    if kata.traps and solution.trap not in kata.traps:
        where = _at(kata, solution.source.relative_to(kata.folder).as_posix())
        yield Problem(where, f"the trap “{solution.trap}” is not in kata.yaml", "use the words of `traps`")


def _skills(kata: Kata, packs: Packs) -> Iterator[Problem]:
    listing = packs.content("skills.yaml")
    if listing is None:
        return
    known = {
        skill.text("id") for area in read_yaml(listing).sections("areas") for skill in area.sections("skills")
    }
    for skill in kata.skills:
        if skill not in known:
            yield Problem(
                _at(kata, "kata.yaml"), f"`{skill}` is no skill of content/skills.yaml", "add it there"
            )
