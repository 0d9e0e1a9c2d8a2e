"""What the audit says of a suite that reaches past the public surface, or uses names of older versions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders.authoring.audit import audit
from graders.authoring.matrix import Matrix
from graders.authoring.problem import Problem
from graders.authoring.suite_surface import audit_surface, misuses_in
from graders.packs.loader import Packs, load_kata
from toolkit.views.matrix import matrix_document, render_matrix
from toolkit.views.paint import Paint

TINY = Path(__file__).parents[2] / "packs" / "tiny"


def misuses(tmp_path: Path, source: str) -> list[Problem]:
    file = tmp_path / "sealed_things.py"
    file.write_text(source)
    return list(misuses_in(file, file.name))


@pytest.mark.parametrize(
    "source",
    [
        "import json\nfrom hypothesis import given\n",
        "from graders.suite.api import Answer, Client, openapi\n",
        "import graders.suite.api\n",
        "import graders.suite.api as api\n",
        "from graders.suite import api\n",
        "from graders.suite.api import *\n",
        "import graders_of_another_kind\n",
        "from . import graders\n",
    ],
)
def test_the_surface_and_other_packages_are_free_to_import(tmp_path: Path, source: str) -> None:
    assert misuses(tmp_path, source) == []


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("from graders.http.client import Answer", "write `from graders.suite.api import Answer`"),
        ("from graders.http.message import Answer", "write `from graders.suite.api import Answer`"),
        ("from graders.suite.library import openapi", "write `from graders.suite.api import openapi`"),
        ("import graders.suite.library.secret_scan", "write `from graders.suite.api import secret_scan`"),
        (
            "from graders.suite.library.response_diff import differences",
            "write `from graders.suite.api import response_diff` and `response_diff.differences`",
        ),
        ("import graders", "import from graders.suite.api alone; docs/suite.md lists what it has"),
        (
            "from graders.grading.grader import Grader",
            "import from graders.suite.api alone; docs/suite.md lists what it has",
        ),
        (
            "from graders.nowhere import nothing",
            "import from graders.suite.api alone; docs/suite.md lists what it has",
        ),
        ("from graders.suite.api import TYPE_CHECKING", "import from graders.suite.api alone"),
        (
            "import importlib\nx = importlib.import_module('graders.http.client')",
            "import from graders.suite.api alone",
        ),
        ("def f():\n    from graders.errors_ import A", "import from graders.suite.api alone"),
    ],
)
def test_any_other_import_of_graders_is_a_problem(tmp_path: Path, source: str, hint: str) -> None:
    [misuse] = misuses(tmp_path, source + "\n")
    assert not misuse.deprecation
    assert misuse.message.endswith(", which is not public")
    assert misuse.hint.startswith(hint)
    assert misuse.where == f"sealed_things.py:{source.count(chr(10)) + 1}"


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("from graders.client import Answer", "write `from graders.suite.api import Answer`"),
        ("from graders.errors import SuiteError", "write `from graders.suite.api import SuiteError`"),
        ("from graders.reading import shown", "write `from graders.suite.api import json_object`"),
        ("from graders.reading import told", "write `from graders.suite.api import abbreviate`"),
        (
            "from graders.starting_gate import StartingGate",
            "write `from graders.suite.api import LockGate`",
        ),
        ("from graders.wire import wire", "write `from graders.suite.api import open_database_proxy`"),
        ("from graders import openapi", "write `from graders.suite.api import openapi`"),
        ("import graders.sweeps", "write `from graders.suite.api import secret_scan`"),
        (
            "from graders.matrix import walk",
            "write `from graders.suite.api import access_matrix` and `access_matrix.walk`",
        ),
        (
            "from graders.openapi import Finding",
            "write `from graders.suite.api import openapi` and `openapi.Disagreement`",
        ),
        ("def check_it(http, wire):\n    pass", "use `proxy`"),
    ],
)
def test_an_old_name_is_a_deprecation_with_its_replacement(tmp_path: Path, source: str, hint: str) -> None:
    [misuse] = misuses(tmp_path, source + "\n")
    assert misuse.deprecation
    assert misuse.hint == hint
    assert misuse.message.endswith(", a deprecated name")


def test_the_audit_names_file_and_line_and_only_what_is_not_public_keeps_a_kata_unproved(
    tmp_path: Path,
) -> None:
    pack = Path(shutil.copytree(TINY, tmp_path / "pack"))
    suite = pack / "katas/greeting/suite"
    (suite / "shared_people.py").write_text(
        "from graders.client import Answer\nfrom graders.http.client import Client\n"
    )
    packs = Packs([pack])
    kata = packs.kata("greeting")
    found = [problem for problem in audit(kata, packs) if "graders" in problem.message]
    assert found == [
        Problem(
            "greeting/suite/shared_people.py:1",
            "imports `graders.client.Answer`, a deprecated name",
            "write `from graders.suite.api import Answer`",
            deprecation=True,
        ),
        Problem(
            "greeting/suite/shared_people.py:2",
            "imports `graders.http.client.Client`, which is not public",
            "write `from graders.suite.api import Client`",
        ),
    ]
    matrix = Matrix(kata, (), tuple(found))
    assert (matrix.deprecations, matrix.problems) == ((found[0],), (found[1],))
    shown = render_matrix(matrix, Paint(color=False, width=100), seconds=1)
    assert "! greeting/suite/shared_people.py:1: imports `graders.client.Answer`" in shown
    assert "is not proved: 1 problem" in shown
    assert [entry["deprecation"] for entry in matrix_document(matrix)["audit"]] == [True, False]


def test_a_library_that_needs_an_extra_is_a_problem_until_the_kata_names_it(tmp_path: Path) -> None:
    root = Path(shutil.copytree(TINY, tmp_path / "tiny"))
    folder = root / "katas" / "greeting"
    (folder / "suite" / "shared_openapi.py").write_text("from graders.suite.api import openapi\n")
    (problem,) = audit_surface(load_kata(folder))
    assert problem.where == "greeting/suite/shared_openapi.py:1" and problem.blocking
    assert "needs the extra `openapi`" in problem.message and "extras: [openapi]" in problem.hint
    text = (folder / "kata.yaml").read_text()
    (folder / "kata.yaml").write_text(
        text.replace("environment:\n", "environment:\n  extras: [openapi]\n", 1)
    )
    load_kata.cache_clear()
    assert list(audit_surface(load_kata(folder))) == []
