"""Logs of any bytes: statements and findings, or an error that names the file and the line."""

from __future__ import annotations

import contextlib
import gzip
import tempfile
from pathlib import Path
from random import Random

import pytest
from damage import changed, damaged
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.errors import KataError, UsageError
from graders.logs.analysis import analyse
from graders.logs.messages import read_plan
from graders.logs.prefix import compile_prefix
from graders.logs.reader import Log
from graders.logs.recording_lines import to_line
from graders.sql.plans.plan import nodes_of, rows_read
from graders.sql.plans.plan import read_plan as nodes_in

RECORDED = Path(__file__).parent / "recorded"
PREFIX = "%m [%p] %q%u@%d %a %c %v %x %e "
PLAN = {
    "Query Text": "select 1",
    "Plan": {"Node Type": "Sort", "Actual Rows": 2.5, "Plans": [{"Node Type": "Seq Scan"}]},
}


def _head(name: str, lines: int = 12) -> bytes:
    return b"".join((RECORDED / name).read_bytes().splitlines(keepends=True)[:lines])


def _samples() -> dict[str, tuple[bytes, str | None]]:
    statements = Log([RECORDED / "django.json"]).statements()
    recording = "".join(to_line(one) + "\n" for one, _ in zip(statements, range(8), strict=False))
    plans = '{\n  "Query Text": "select 1",\n  "Plan": {\n    "Node Type": "Result"\n  }\n}\n' * 3
    return {
        "jsonlog": (_head("node.json"), None),
        "csvlog": (_head("node.csv", 30), None),
        "plain": (_head("node.log", 30), PREFIX),
        "recording": (recording.encode(), None),
        "plans": (plans.encode(), None),
        "packed": (gzip.compress(_head("node.json")), None),
    }


SAMPLES = _samples()


def read(raw: bytes, prefix: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(raw)
        try:
            analyse(Log([path], prefix).statements())
        except KataError as error:
            assert error.exit_code == 2 and (str(path) in error.message or "--prefix" in error.message)


@pytest.mark.parametrize("kind", SAMPLES)
@settings(max_examples=80)
@given(rng=st.randoms(use_true_random=False))
def test_a_damaged_log(kind: str, rng: Random) -> None:
    raw, prefix = SAMPLES[kind]
    read(damaged(raw, rng), prefix)


@settings(max_examples=100)
@given(st.binary())
def test_a_file_of_any_bytes(raw: bytes) -> None:
    read(raw, None)


@settings(max_examples=200)
@given(st.text() | st.text("%mpudtaclsq-0123456789 []@"))
def test_a_prefix_of_any_text(prefix: str) -> None:
    with contextlib.suppress(UsageError):
        compile_prefix(prefix).match("2026-01-01 00:00:00.000 UTC [1] LOG:  statement: select 1")


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_a_plan_with_any_value_anywhere(rng: Random) -> None:
    document = changed(changed(PLAN, rng), rng)
    if isinstance(document, dict):
        assert len(list(nodes_of(nodes_in(document)))) >= 1
        rows_read(document)


@pytest.mark.parametrize("depth", [10, 1_000, 100_000])
def test_a_plan_of_any_depth(depth: int) -> None:
    nodes = (
        '{"Node Type": "Limit", "Plans": [' * depth
        + '{"Node Type": "Seq Scan", "Actual Rows": 3}'
        + "]}" * depth
    )
    found = read_plan(f'{{"Query Text": "select 1", "Plan": {nodes}}}')
    if found is not None and found.plan is not None:
        rows_read(found.plan)
    read(f'{{"Query Text": "select 1", "Plan": {nodes}}}\n'.encode(), None)
