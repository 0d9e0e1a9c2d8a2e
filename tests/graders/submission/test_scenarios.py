"""Tiny services that are wrong in one way each, and the words that their author reads (golden/*.txt).

After a message was changed on purpose: GOLDEN=write pytest tests/graders/submission/test_scenarios.py,
and read the diff.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest

from graders.http.client import Client
from graders.sandbox.process import ProcessSandbox
from graders.submission.service import Deadlines, Service, ServiceFailure, Terms, prepare

SCENARIOS = Path(__file__).parents[2] / "scenarios"
GOLDEN = SCENARIOS / "golden"
NAMES = sorted(
    entry.name
    for entry in SCENARIOS.iterdir()
    if (entry / "Procfile").exists() or (entry / "app.py").exists()
)
# On a busy machine a service may not have come far enough to be wrong in its own way: then it is given longer.
READY_SECONDS = (1.0, 4.0, 20.0)
LINUX_ONLY = {"binds-another-port", "binds-another-address"}
PATIENCE = 30.0


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_described_to_its_author(name: str, tmp_path: Path) -> None:
    if name in LINUX_ONLY and sys.platform != "linux":
        pytest.skip("only Linux says where a process listens")
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(story(name, tmp_path, READY_SECONDS[1]))
    for seconds in READY_SECONDS:
        found = story(name, tmp_path, seconds)
        if found == golden.read_text():
            return
    assert found == golden.read_text()


def story(name: str, private: Path, seconds: float) -> str:
    """What is said of the scenario, with the numbers of this run left out."""
    lines: list[str] = []
    port = 0
    try:
        deadlines = Deadlines(
            ready=seconds,
            stop=0.5 if name == "hangs-on-shutdown" else PATIENCE,
            release=0.5 if name == "release-hangs" else PATIENCE,
        )
        terms = Terms(
            root=SCENARIOS / name,
            private=private,
            sandbox=ProcessSandbox(),
            database_url="postgresql://app:secret@127.0.0.1:1/kata",
            deadlines=deadlines,
            variables={"PYTHONDONTWRITEBYTECODE": "1"},
            path=[str(Path(sys.executable).parent)],
        )
        with prepare(terms) as service:
            port = service.port
            try:
                service.release()
                service.start()
                lines += life(service, name)
            finally:
                service.stop()
                lines += [f"notice: {notice.code}\n{notice.message}" for notice in service.notices]
    except ServiceFailure as failure:
        lines = [*said(failure), *lines]
    return comparable("\n".join(lines), port, seconds) + "\n"


def life(service: Service, name: str) -> list[str]:
    """A service that became ready: is it still there, and does it answer?"""
    if name == "exits-after-the-health-check":
        give_up = time.monotonic() + PATIENCE
        while service.alive and time.monotonic() < give_up:
            time.sleep(0.005)
        failure = service.exited()
        return said(failure) if failure else ["it lives on"]
    return [
        f"ready: GET /healthz is answered {Client(service.base_url, deadline=PATIENCE).get('/healthz').status}"
    ]


def said(failure: ServiceFailure) -> list[str]:
    output = f"output:\n{failure.output}".rstrip() if failure.output else "no output"
    return [f"code: {failure.code}", failure.message, failure.hint, output]


def comparable(text: str, port: int, seconds: float) -> str:
    text = text.replace(f"within {seconds:g} s", "within N s")
    text = re.sub(rf"\b{port}\b", "PORT", text)
    text = re.sub(r"(127\.0\.0\.\d+):\d+", r"\1:OTHER", text)
    # Each shell and each system has its own way to say that a command is not there.
    return re.sub(r"(?m)^.*gunicornn.*not found.*$", "SHELL: gunicornn: not found", text)
