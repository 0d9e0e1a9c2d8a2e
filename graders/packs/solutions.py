"""The known solutions of a kata, read into records."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from graders.errors import PackError
from graders.packs.records import Kata, Solution, SolutionKind
from graders.packs.yaml_source import read_yaml


def load_solutions(kata: Kata) -> tuple[Solution, ...]:
    """Every solution of the kata: references, then alternatives, then flawed ones, each by name."""
    base = kata.folder / "solutions"
    folders = sorted(path for path in base.glob("[!.]*") if path.is_dir()) if base.is_dir() else []
    solutions = [load_solution(folder, kata) for folder in folders]
    names = {solution.name: solution for solution in solutions}
    for solution in solutions:
        _check_over(solution, names)
    order = ("reference", "alternative", "flawed")
    return tuple(sorted(solutions, key=lambda solution: (order.index(solution.kind), solution.name)))


def load_solution(folder: Path, kata: Kata) -> Solution:
    """One solution. Raises PackError where it names checks or a stack that the kata does not have."""
    top = read_yaml(folder / "solution.yaml")
    top.only(("format", "kind", "stack", "title", "over", "fails", "trap", "why"))
    kinds: dict[str, SolutionKind] = {
        "reference": "reference",
        "alternative": "alternative",
        "flawed": "flawed",
    }
    kind = kinds[top.choice("kind", tuple(kinds))]
    fails = top.texts("fails", required=kind == "flawed")
    known = [check.id for check in kata.checks]
    for id in fails:
        if id not in known:
            near = get_close_matches(id, known, n=1)
            top.fail(
                "fails",
                f"`{id}` is no check of `{kata.slug}`",
                f"did you mean `{near[0] if near else known[0]}`?",
            )
    if kind == "flawed" and not fails:
        top.fail("fails", "a flawed solution fails nothing", "name the checks that must catch it")
    if kind != "flawed" and fails:
        top.fail(
            "fails", f"a solution of kind {kind} cannot fail checks", "remove `fails` or change the kind"
        )
    return Solution(
        name=folder.name,
        kind=kind,
        stack=top.text("stack"),
        title=top.text("title"),
        fails=fails,
        trap=top.text("trap") if kind == "flawed" else "",
        why=top.text("why", "-").strip() if kind == "flawed" else top.text("why").strip(),
        over=top.text("over") if top.has("over") else None,
        folder=folder,
    )


def _check_over(solution: Solution, names: Mapping[str, Solution]) -> None:
    seen = [solution.name]
    while solution.over is not None:
        path = solution.folder / "solution.yaml"
        if solution.over not in names:
            near = get_close_matches(solution.over, list(names), n=1)
            raise PackError(
                f"`over` names `{solution.over}`, which is no solution here",
                path=path,
                hint=f"did you mean `{near[0]}`?" if near else "name a folder of solutions/",
            )
        if solution.over in seen:
            raise PackError("`over` goes round in a circle", path=path, hint="lay it over a reference")
        solution = names[solution.over]
        seen.append(solution.name)
