"""Hostile submissions against the tiny pack: real services, a real PostgreSQL, and the whole way to a grade."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from graders.authoring.gate import render_candidate
from graders.authoring.matrix import candidates_of
from graders.grading.grader import Grader, Options
from graders.packs.loader import Packs
from graders.results.grade import Grade

TINY = Path(__file__).parent.parent / "packs" / "tiny"
Attack = Callable[..., Grade]


@pytest.fixture
def options(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Options:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    runs = tmp_path / "runs"
    runs.mkdir()
    return Options(cache=shared / "kata-cache", runs=runs, variables=dict(os.environ), seed=7)


@pytest.fixture
def attack(options: Options, tmp_path: Path) -> Iterator[Attack]:
    """Judge the reference with `files` laid over it; `suite` replaces files of the suite. Nothing may be left."""

    def judged(
        files: Mapping[str, str | bytes], *, suite: Mapping[str, str] | None = None, **changes: object
    ) -> Grade:
        pack = TINY
        if suite is not None:
            pack = Path(shutil.copytree(TINY, tmp_path / "pack"))
            for name, text in suite.items():
                (pack / "katas/greeting/suite" / name).write_text(text)
        packs = Packs([pack])
        kata = packs.kata("greeting")
        candidate = next(candidate for candidate in candidates_of(kata) if candidate.name == "reference")
        with Grader(replace(options, **changes)) as grader:  # type: ignore[arg-type]
            submission = render_candidate(kata, packs, candidate, tmp_path / "repository")
            for name, content in files.items():
                place = submission.root / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content if isinstance(content, bytes) else content.encode())
            return grader.grade(submission)

    yield judged
    assert list(options.runs.iterdir()) == [], "a run left something behind"
