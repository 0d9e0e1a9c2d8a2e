"""The rules of the house that no linter knows: names, sizes, and how many arrows lead from room to room."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parent.parent
CODE = ("graders", "toolkit")
MOST_LINES = 350
MOST_ROOT_MODULES = 4


def modules() -> Iterator[Path]:
    for folder in CODE:
        yield from sorted((HOUSE / folder).rglob("*.py"))


def test_a_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(HOUSE)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_modules_stay_short() -> None:
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in modules()}
    assert {str(path.relative_to(HOUSE)): count for path, count in lines.items() if count > MOST_LINES} == {}


def test_few_modules_belong_to_no_room() -> None:
    assert len(list((HOUSE / "graders").glob("*.py"))) <= MOST_ROOT_MODULES
