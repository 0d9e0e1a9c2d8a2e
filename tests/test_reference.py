"""docs/reference.md names each key of a pack's files with its meaning, each fixture with its type, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from graders.authoring.suite_audit import known_fixtures
from graders.suite.fixtures import Fixtures

ROOT = Path(__file__).parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def section(title: str) -> str:
    return REFERENCE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


Row = tuple[str, bool, str]


def keys(schema: Mapping[str, Any], prefix: str = "") -> Iterator[Row]:
    """Each key with its path, whether it is required, and what it means."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{prefix}{name}", name in schema.get("required", ()), inner.get("description", "")
        yield from keys(inner, f"{prefix}{name}.")
        if isinstance(inner.get("items"), dict):
            yield from keys(inner["items"], f"{prefix}{name}[].")


@pytest.mark.parametrize("name", ["kata", "solution", "stack"])
def test_the_tables_have_the_keys_of_the_schemas(name: str) -> None:
    schema = json.loads((ROOT / "content" / "schemas" / f"{name}.json").read_text())
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| (yes)? *\| (.*) \|$", section(f"{name}.yaml"), re.MULTILINE)
    listed = {(key, required == "yes", meaning) for key, required, meaning in rows if key[:7] != "edits[]"}
    assert listed == {row for row in keys(schema) if row[0][:7] != "edits[]"}
    assert all(meaning for _, _, meaning in listed)


def test_the_fixtures_are_listed_with_their_types() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| `(.+)` \|$", section("Fixtures"), re.MULTILINE))
    assert tuple(sorted(listed)) == known_fixtures()
    for name, type_ in listed.items():
        given = vars(Fixtures)[name]._fixture_function.__annotations__["return"]
        assert given in (type_, f"Iterator[{type_}]"), name
