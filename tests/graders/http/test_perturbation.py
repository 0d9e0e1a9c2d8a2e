"""Perturbed answers: they follow from the seed, differ in every way, and show a suite that trusts what it reads."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from graders.authoring.gate import prove
from graders.grading.grader import Grader, Options
from graders.http.message import Answer, Headers, Request
from graders.http.perturbation import Perturbation, odd_answer
from graders.packs.loader import Packs

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"
DOCUMENT = {"items": [{"id": 1, "name": "one"}, {"id": 2, "name": None}], "next": "abc"}
TRUSTING = """
def check_greets_by_name(http, database, variables, rng):
    for limit in range(1, 90):
        answer = http.get("/greetings", params={"limit": limit})
        assert answer.status == 200, f"GET /greetings answered {answer.status}"
        assert answer.json()["greetings"][0].startswith(variables["GREETING"]), "no greeting"
"""


def answer(target: str = "/items") -> Answer:
    headers = Headers([("Content-Type", "application/json"), ("ETag", '"1"')])
    request = Request("GET", "http://127.0.0.1:1", target, Headers())
    return Answer(200, headers, json.dumps(DOCUMENT).encode(), request)


@pytest.fixture
def options(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Options:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    runs = tmp_path / "runs"
    runs.mkdir()
    return Options(cache=shared / "kata-cache", runs=runs, variables=dict(os.environ), seed=1)


def test_the_same_seed_makes_the_same_answers_odd() -> None:
    def seen(seed: int) -> list[Answer]:
        perturbation = Perturbation(seed)
        return [perturbation(answer(f"/items/{n % 20}")) for n in range(200)]

    def contents(answers: list[Answer]) -> list[tuple[int, tuple[tuple[str, str], ...], bytes]]:
        return [(one.status, one.headers.fields, one.body) for one in answers]

    assert contents(seen(1)) == contents(seen(1)) != contents(seen(2))


def test_most_answers_pass_as_they_are() -> None:
    perturbation = Perturbation(1)
    perturbed = sum(perturbation(answer(f"/{n}")).body != answer().body for n in range(1000))
    assert 10 < perturbed < 100


def test_each_part_of_an_answer_becomes_odd_at_times() -> None:
    plain = answer()
    perturbed = [odd_answer(plain, random.Random(seed)) for seed in range(400)]
    assert any(one.status != plain.status for one in perturbed)
    assert any(one.headers.fields != plain.headers.fields for one in perturbed)
    assert any(not one.body for one in perturbed)
    kinds = {type(document.get("items")) for document in documents(perturbed) if isinstance(document, dict)}
    assert {list, str, int, type(None)} <= kinds
    assert all(one.request is plain.request for one in perturbed)


def documents(answers: list[Answer]) -> list[object]:
    found: list[object] = []
    for one in answers:
        try:
            found.append(json.loads(one.body))
        except (ValueError, RecursionError):
            continue
    return found


def test_the_gate_names_a_check_that_trusts_what_it_reads(options: Options, tmp_path: Path) -> None:
    pack = Path(shutil.copytree(TINY, tmp_path / "pack"))
    (pack / "katas/greeting/suite/open_greetings.py").write_text(TRUSTING)
    packs = Packs([pack])
    with Grader(options) as grader:
        matrix = prove(packs.kata("greeting"), packs, grader, only=["reference"])
    [problem] = matrix.problems
    assert problem.message.startswith("`greets-by-name` is broken by a perturbed answer: ")
    assert problem.where.startswith("suite/open_greetings.py:")
    assert not matrix.proved
