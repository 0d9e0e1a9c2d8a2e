"""The public surface of suites: complete, described, and the only thing that our own suites import."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from graders.authoring.suite_surface import misuses_in
from graders.suite import api

ROOT = Path(__file__).parents[3]
SUITES = sorted([*ROOT.glob("katas/*/suite/**/*.py"), *ROOT.glob("tests/packs/*/katas/*/suite/**/*.py")])
TEMPLATES = sorted((ROOT / "graders").rglob("suite-python/*.py.j2"))
TEXTS = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("*.md"), *ROOT.glob("content/**/*.md")])
IMPORT = re.compile(r"^\s*(?:from|import)\s+graders\S*.*$", re.MULTILINE)
SLOW = ("schemathesis", "openapi_spec_validator", "jsonschema", "sqlglot", "hypothesis", "pytest")


def test_the_surface_is_sorted_and_each_name_is_described() -> None:
    assert list(api.__all__) == sorted(set(api.__all__))
    assert [name for name in api.__all__ if not is_described(getattr(api, name))] == []


def test_the_libraries_describe_what_they_offer() -> None:
    offered = {
        f"{library}.{name}": value
        for library in api.LIBRARIES
        for name, value in public(getattr(api, library)).items()
    }
    assert {name.partition(".")[0] for name in offered} == set(api.LIBRARIES)
    assert [name for name, value in offered.items() if not is_described(value)] == []


def test_no_class_of_the_surface_shares_its_name_with_another() -> None:
    named = {name: getattr(api, name) for name in api.__all__}
    places = [*named.values(), *(value for one in api.LIBRARIES for value in public(named[one]).values())]
    classes = {value for value in places if inspect.isclass(value)}
    counts = Counter(value.__name__ for value in classes)
    assert [name for name, count in counts.items() if count > 1] == []


def is_described(value: object) -> bool:
    """Whether somebody has written a docstring; a dataclass without one shows its signature."""
    text = (value.__doc__ or "").strip()
    return bool(text) and not text.startswith(f"{getattr(value, '__name__', '')}(")


def public(module: ModuleType) -> dict[str, object]:
    """The classes and functions that a library defines itself."""
    names = getattr(module, "__all__", None) or vars(module)
    return {
        name: value
        for name in names
        if not name.startswith("_")
        and (inspect.isclass(value := getattr(module, name)) or inspect.isfunction(value))
        and value.__module__.startswith(module.__name__)
    }


def test_what_is_slow_to_import_is_imported_when_it_is_asked_for() -> None:
    script = (
        "import sys, graders.suite.api as api\n"
        f"early = [name for name in {(*SLOW, 'graders.suite.library.openapi')!r} if name in sys.modules]\n"
        "assert early == [], early\n"
        "from graders.suite.api import openapi\n"
        f"assert [name for name in {SLOW!r} if name in sys.modules] == []\n"
        "assert openapi.operations({}) == ()\n"
        "assert api.shape_of('select 1') == api.shape_of('select 2')\n"
        "assert 'sqlglot' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_name_that_the_surface_lacks_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match=r"graders\.suite\.api.*no_such_name"):
        _ = api.no_such_name


@pytest.mark.parametrize("file", SUITES, ids=lambda file: f"{file.parts[-3]}/{file.name}")
def test_suites_use_the_surface_alone(file: Path) -> None:
    assert list(misuses_in(file, file.name)) == []


def test_the_scaffold_and_the_texts_use_the_surface_alone() -> None:
    assert len(SUITES) > 30
    assert TEMPLATES
    assert len(TEXTS) > 5
    found = {
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in (*TEMPLATES, *TEXTS)
        for line in IMPORT.findall(file.read_text())
        if "graders.suite.api" not in line
    }
    assert found == set()
