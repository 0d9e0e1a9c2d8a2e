"""The static audit of a kata: what is wrong in its files, before anything runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from graders.authoring.problem import Problem
from graders.authoring.seed_audit import audit_seed
from graders.authoring.stage_audit import audit_stages
from graders.authoring.suite_audit import audit_suite
from graders.authoring.suite_surface import audit_surface
from graders.authoring.todo_audit import audit_todos
from graders.backing.postgres.dataset import sql_files
from graders.errors import KataError, PackError
from graders.packs.curriculum import load_skills
from graders.packs.loader import Packs
from graders.packs.records import Kata, Solution
from graders.packs.solutions import load_solutions
from graders.packs.stages import brief_at, shipped_at
from graders.packs.yaml_source import read_yaml

FULL_POINTS = 100
FEWEST_HINTS = 3
_KNOWN = {
    "stages",
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
    """Every problem that the kata's files show before anything runs, none twice."""
    problems: list[Problem] = []
    questions = (
        _points,
        _checks,
        _old_keys,
        _files,
        _seed,
        _suite,
        _brief,
        _starters,
        _solutions,
        _stages,
        _traps,
        _skills,
        _todos,
    )
    for question in questions:
        try:
            problems += question(kata, packs)
        except KataError as error:
            problems.append(_of_error(kata, error))
    return tuple(dict.fromkeys(problems))


def _of_error(kata: Kata, error: KataError) -> Problem:
    if not isinstance(error, PackError):
        return Problem(kata.slug, error.message, error.hint, blocking=True)
    inside = error.path.is_relative_to(kata.folder)
    place = Path(kata.slug, error.path.relative_to(kata.folder)) if inside else error.path
    where = ":".join(str(part) for part in (place, error.line) if part is not None)
    return Problem(where, error.problem, error.hint, blocking=True)


def _at(kata: Kata, name: str) -> str:
    return str(Path(kata.slug) / name)


def _line(kata: Kata, *keys: str | int) -> str:
    """The file kata.yaml with the line of that key, such as ("checks", 2, "id")."""
    section = read_yaml(kata.folder / "kata.yaml")
    line = section.line
    for key, following in zip(keys, (*keys[1:], None), strict=True):
        if isinstance(key, str):
            line = section.line_of(key)
            if isinstance(following, int):
                section = section.sections(key)[following]
                line = section.line
            elif isinstance(following, str):
                section = section.section(key) or section
    return f"{_at(kata, 'kata.yaml')}:{line}"


def _points(kata: Kata, _: Packs) -> Iterator[Problem]:
    if kata.points != FULL_POINTS:
        message = f"the points of its checks sum up to {kata.points}"
        yield Problem(_line(kata, "checks"), message, f"make them {FULL_POINTS}")


def _checks(kata: Kata, _: Packs) -> Iterator[Problem]:
    seen: list[str] = []
    for number, check in enumerate(kata.checks):
        if check.id in seen:
            where = _line(kata, "checks", number, "id")
            yield Problem(where, f"duplicate check `{check.id}`", "give it an id of its own")
        for need in check.needs:
            if need not in seen:
                where = _line(kata, "checks", number, "needs")
                message = f"`{check.id}` needs `{need}`, which is not a check before it"
                yield Problem(where, message, f"checks before it: {', '.join(seen) or 'none'}")
        hints = len(kata.hints.get(check.id, ()))
        if hints < FEWEST_HINTS:
            hint = f"write a ladder of at least {FEWEST_HINTS}, from a nudge to the idea"
            yield Problem(_line(kata, "hints", check.id), f"`{check.id}` has {hints} hints", hint)
        seen.append(check.id)
    if not any(check.visibility == "open" for check in kata.checks):
        yield Problem(_line(kata, "checks"), "no check is open", "let learners read at least one")


def _old_keys(kata: Kata, _: Packs) -> Iterator[Problem]:
    environment = read_yaml(kata.folder / "kata.yaml").section("environment")
    if environment is not None and environment.has("worlds"):
        message = "`environment.worlds` is a deprecated name"
        yield Problem(_line(kata, "environment", "worlds"), message, "write `datasets`", deprecation=True)


def _files(kata: Kata, _: Packs) -> Iterator[Problem]:
    for name in ("brief.md", *(path.name for path in sql_files(kata))):
        if not (kata.folder / name).is_file():
            yield Problem(_at(kata, name), "is missing", _MISSING[name], blocking=True)
    for entry in sorted(kata.folder.iterdir()):
        if entry.name not in _KNOWN | _IGNORED:
            hint = f"remove it; a kata holds {', '.join(sorted(_KNOWN))}"
            yield Problem(_at(kata, entry.name), "is not part of a kata", hint)
    for addition in kata.additions:
        for entry in sorted(addition.iterdir()):
            if entry.name not in {"starter", "solutions"} | _IGNORED:
                hint = f"only starter/ and solutions/ add to a kata of another pack, here {kata.folder}"
                yield Problem(str(entry), "is not part of an addition", hint)
    for base in (kata.folder, *kata.additions):
        for path in sorted((base / "solutions").glob("**/*")):
            if path.is_symlink():
                yield Problem(str(path), "is a link", "put the file there")


_MISSING = {
    "brief.md": "write the task: every endpoint, every status, every rule that is checked",
    "schema.sql": "write the tables (an empty file if there are none)",
    "seed.sql": "write the rows (an empty file if there are none)",
}


def _seed(kata: Kata, _: Packs) -> Iterator[Problem]:
    yield from audit_seed(kata)


def _suite(kata: Kata, _: Packs) -> Iterator[Problem]:
    yield from audit_suite(kata)
    yield from audit_surface(kata)


def _brief(kata: Kata, _: Packs) -> Iterator[Problem]:
    text = brief_at(kata, None) if (kata.folder / "brief.md").is_file() else ""
    shipped = {f"checks/{path.name}" for path in shipped_at(kata, None)} | {"checks/", "checks"}
    starters = [starter for stack in kata.stacks if (starter := kata.starter(stack)) is not None]
    for number, line in enumerate(text.splitlines(), start=1):
        for link in _LINK.findall(line):
            if link not in shipped and not any((starter / link).exists() for starter in starters):
                hint = f"link to a file of the starter, or to {', '.join(sorted(shipped))}"
                message = f"links to `{link}`, which no starter has"
                yield Problem(f"{_at(kata, 'brief.md')}:{number}", message, hint)


def _starters(kata: Kata, packs: Packs) -> Iterator[Problem]:
    if not kata.stacks:
        yield Problem(_at(kata, "starter"), "there is no starter", "add starter/<stack>/", blocking=True)
    stacks = packs.stack_names()
    for name in kata.stacks:
        if name not in stacks:
            near = get_close_matches(name, stacks, n=1)
            wanted = f"rename the folder to `{near[0]}`, or add" if near else "add"
            hint = f"{wanted} skeletons/{name}/stack.yaml to the pack; stacks: {', '.join(stacks)}"
            where = str(kata.starter(name)) if kata.additions else _at(kata, f"starter/{name}")
            yield Problem(where, f"there is no stack `{name}`", hint, blocking=True)
    if not kata.starter_fails:
        hint = "add `starter: {fails: [...]}`: a starter that passes teaches nothing"
        yield Problem(_line(kata, "starter"), "the starter fails nothing", hint)
    known = [check.id for check in kata.checks]
    for id in kata.starter_fails:
        if id not in known:
            near = get_close_matches(id, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"checks: {', '.join(known)}"
            message = f"`starter.fails` names `{id}`, which is not a check"
            yield Problem(_line(kata, "starter", "fails"), message, hint)


def _solutions(kata: Kata, _: Packs) -> Iterator[Problem]:
    solutions = load_solutions(kata)
    for stack in kata.stacks:
        if not any(solution.stack == stack and solution.kind == "reference" for solution in solutions):
            hint = f"write one: solutions/<name>/solution.yaml with `kind: reference` and `stack: {stack}`"
            yield Problem(_at(kata, "solutions"), f"there is no reference for the stack {stack}", hint)
    for solution in solutions:
        if solution.stack not in kata.stacks:
            near = get_close_matches(solution.stack, kata.stacks, n=1)
            wanted = f"did you mean `{near[0]}`? " if near else ""
            message = f"the kata has no starter for the stack `{solution.stack}`"
            hint = f"{wanted}starters: {', '.join(kata.stacks)}"
            yield Problem(_key_of(solution, "stack"), message, hint, blocking=True)


def _stages(kata: Kata, _: Packs) -> Iterator[Problem]:
    yield from audit_stages(kata)


def _key_of(solution: Solution, key: str) -> str:
    path = solution.source
    where = Path(*path.parts[path.parts.index("solutions", -3) - 1 :])
    return f"{where}:{read_yaml(path).line_of(key)}"


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
        near = get_close_matches(solution.trap, kata.traps, n=1, cutoff=0.4)
        hint = f"use the same words: “{near[0]}”" if near else "use the words of one of its `traps`"
        message = f"the trap “{solution.trap}” is not in kata.yaml"
        yield Problem(_key_of(solution, "trap"), message, hint)


def _skills(kata: Kata, packs: Packs) -> Iterator[Problem]:
    known = {skill.id for skill in load_skills(packs)}
    for skill in kata.skills:
        if known and skill not in known:
            near = get_close_matches(skill, known, n=1)
            wanted = f"did you mean `{near[0]}`? Or " if near else ""
            hint = f"{wanted}add it to {kata.pack / 'content' / 'skills.yaml'}"
            message = f"the skill `{skill}` is in no pack's content/skills.yaml"
            yield Problem(_line(kata, "skills"), message, hint)


def _todos(kata: Kata, _: Packs) -> Iterator[Problem]:
    yield from audit_todos(kata)
