"""The rules of the house that no linter knows: names, sizes, and how many arrows lead from room to room.

`pytest tests/test_house.py -k arrows -s` prints the arrows.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

HOUSE = Path(__file__).parent.parent
CODE = ("graders", "toolkit")
MOST_LINES = 350
MOST_ROOT_MODULES = 4
MOST_ARROWS = 55

Arrow = tuple[str, str]


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders or CODE:
        yield from sorted((HOUSE / folder).rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_a_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(HOUSE)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_modules_stay_short() -> None:
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in modules()}
    assert {str(path.relative_to(HOUSE)): count for path, count in lines.items() if count > MOST_LINES} == {}


def test_few_modules_belong_to_no_room() -> None:
    assert len(list((HOUSE / "graders").glob("*.py"))) <= MOST_ROOT_MODULES


def test_few_arrows_lead_from_room_to_room_and_none_back() -> None:
    found = arrows()
    print(f"\n{len(found)} arrows between {len(rooms())} rooms (at most {MOST_ARROWS}); imports of each:")
    print("\n".join(f"  {start} -> {end}: {count}" for (start, end), count in sorted(found.items())))
    ends: dict[str, set[str]] = defaultdict(set)
    for start, end in found:
        ends[start].add(end)
    # Raises CycleError, which names the rooms.
    assert set(TopologicalSorter(ends).static_order()) <= rooms()
    assert len(found) <= MOST_ARROWS


def rooms() -> set[str]:
    return {path.parent.name for path in (HOUSE / "graders").glob("*/__init__.py")}


def arrows() -> Mapping[Arrow, int]:
    """(importing room, imported room) -> number of imports, those inside functions and type checks included."""
    known = rooms()
    return Counter(
        (room, target)
        for room in known
        for path in modules(f"graders/{room}")
        for target in imported_rooms(tree_of(path))
        if target in known and target != room
    )


def imported_rooms(tree: ast.Module) -> Iterator[str]:
    for name in imported_names(tree):
        package, _, rest = name.partition(".")
        if package == "graders":
            yield rest.partition(".")[0]


def imported_names(tree: ast.Module) -> Iterator[str]:
    """Of all imports, and of texts that name a module of graders, such as those of lazily loaded tables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_module_needs_itself() -> None:
    known = {module_name(path): path for path in modules()}
    needs = {
        name: {need for full in imported_names(tree_of(path)) if (need := nearest(full, known)) != name}
        for name, path in known.items()
    }
    # Raises CycleError, which names the modules.
    list(TopologicalSorter({name: found - {""} for name, found in needs.items()}).static_order())


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


def nearest(name: str, known: Mapping[str, Path]) -> str:
    """The module that provides `name`, empty for one that is not ours."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name
