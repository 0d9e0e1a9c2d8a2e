"""Known solutions of a kata: a folder of whole files, or one YAML file of edits, read into records."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from graders.errors import PackError
from graders.packs.edits import read_edits
from graders.packs.records import STARTER, Kata, Solution, SolutionKind
from graders.packs.stages import checks_up_to, stage_meant
from graders.packs.yaml_source import Section, read_yaml

_KEYS = ("format", "kind", "stack", "title", "over", "stage", "fails", "trap", "why")
_KINDS: Mapping[str, SolutionKind] = {
    "reference": "reference",
    "alternative": "alternative",
    "flawed": "flawed",
}


def load_solutions(kata: Kata) -> tuple[Solution, ...]:
    """Every solution of the kata: references, then alternatives, then flawed ones, each by name.

    Raises PackError with file, line and key, also for a folder and a YAML file of one name and for a circular `over`.
    """
    sources = _sources(kata)
    loaded: dict[str, Solution] = {}
    for name in sources:
        _load(name, kata, sources, loaded, ())
    order = list(_KINDS)
    return tuple(sorted(loaded.values(), key=lambda solution: (order.index(solution.kind), solution.name)))


def layers_of(kata: Kata, solution: Solution) -> tuple[Solution, ...]:
    """The solutions to lay over the starter in turn, `solution` last."""
    sources = _sources(kata)
    loaded = {solution.name: solution}
    layers = [solution]
    while (below := layers[0].over) is not None and below != STARTER:
        layers.insert(0, _load(below, kata, sources, loaded, ()))
    return tuple(layers)


def _sources(kata: Kata) -> dict[str, Path]:
    """The YAML file of each solution, by the solution's name; those of additions after the kata's own."""
    found: dict[str, Path] = {}
    for base in (kata.folder, *kata.additions):
        for path in sorted((base / "solutions").glob("[!.]*")):
            source = path / "solution.yaml" if path.is_dir() else path
            if source.suffix not in (".yaml", ".yml") or path.name == "__pycache__":
                continue
            name = path.name if path.is_dir() else path.stem
            if name in found:
                _refuse_clash(name, source, found[name])
            found[name] = source
    return found


def _refuse_clash(name: str, source: Path, other: Path) -> None:
    places = {path.parent if path.name == "solution.yaml" else path for path in (source, other)}
    if len({place.parent for place in places}) == 1:
        message, hint = f"the solution `{name}` is both a folder and a YAML file", "keep one of the two"
    else:
        message, hint = f"the solution `{name}` is also in {other}", "rename one of the two"
    raise PackError(message, path=source, hint=hint)


def _load(
    name: str, kata: Kata, sources: Mapping[str, Path], loaded: dict[str, Solution], above: tuple[str, ...]
) -> Solution:
    """The solution of that name, after those that it is laid over. `above`: the solutions laid over it."""
    if name not in loaded:
        top = read_yaml(sources[name])
        top.only(_KEYS if _is_folder(top) else (*_KEYS, "edits"))
        below = _below(top, kata, sources, loaded, (*above, name))
        loaded[name] = _read(name, top, kata, below)
    return loaded[name]


def _is_folder(top: Section) -> bool:
    return top.path.name == "solution.yaml"


def _below(
    top: Section, kata: Kata, sources: Mapping[str, Path], loaded: dict[str, Solution], above: tuple[str, ...]
) -> Solution | None:
    over = top.text("over") if top.has("over") else None
    if over is None or over == STARTER:
        return None
    if over in above:
        top.fail(
            "over", f"circular `over`: {' → '.join((*above, over))}", "lay it over a reference or `starter`"
        )
    if over not in sources:
        near = get_close_matches(over, [*sources, STARTER], n=1)
        hint = f"did you mean `{near[0]}`?" if near else "name another solution of this kata, or `starter`"
        top.fail("over", f"`over` names `{over}`, which is not a solution of `{kata.slug}`", hint)
    return _load(over, kata, sources, loaded, above)


def _read(name: str, top: Section, kata: Kata, below: Solution | None) -> Solution:
    kind = _KINDS[top.choice("kind", tuple(_KINDS))]
    edits = () if _is_folder(top) else read_edits(top)
    # A folder may leave out what its author has seen no reason to say; a file of edits is read on its own.
    reasons_needed = kind != "flawed" or not _is_folder(top)
    return Solution(
        name=name,
        kind=kind,
        stack=top.text("stack", below.stack if below is not None else None),
        title=top.text("title"),
        fails=_fails(top, kind, kata),
        trap=top.text("trap") if kind == "flawed" else "",
        why=(top.text("why") if reasons_needed else top.text("why", "-")).strip(),
        over=top.text("over") if top.has("over") else None,
        source=top.path,
        edits=edits,
        stage=_stage(top, kata, below),
    )


def _stage(top: Section, kata: Kata, below: Solution | None) -> str | None:
    """The stage that the solution answers: its own, or that of what it is laid over."""
    if not top.has("stage"):
        return below.stage if below is not None else None
    known = [stage.id for stage in kata.stages]
    id = top.text("stage")
    if id not in known:
        top.fail("stage", f"`{id}` is not a stage of `{kata.slug}`", f"it has: {', '.join(known) or 'none'}")
    return id


def _fails(top: Section, kind: SolutionKind, kata: Kata) -> tuple[str, ...]:
    fails = top.texts("fails", required=kind == "flawed")
    stage = stage_meant(kata, top.text("stage")) if top.has("stage") and kata.stages else None
    known = [check.id for check in checks_up_to(kata, stage)]
    for id in fails:
        if id not in known:
            near = get_close_matches(id, known, n=1)
            hint = f"did you mean `{near[0] if near else known[0]}`?"
            top.fail("fails", f"`{id}` is not a check of `{kata.slug}`", hint)
    if kind == "flawed" and not fails:
        top.fail("fails", "a flawed solution fails nothing", "name the checks that must catch it")
    if kind != "flawed" and fails:
        top.fail(
            "fails", f"a solution of kind {kind} cannot fail checks", "remove `fails` or change the kind"
        )
    return fails
