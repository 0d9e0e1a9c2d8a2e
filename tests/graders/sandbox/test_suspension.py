"""A service that stops the grader: its supervisor lets it go on, unless the stop is the user's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from graders.sandbox.known_process import is_running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
PATIENCE = 120.0
GRADER = """
import os, signal, subprocess, sys, time
from pathlib import Path
from graders.sandbox.base import OutputBuffer
from graders.sandbox.process import ProcessSandbox
from graders.sandbox.suspension import note_resumption, resumptions, suspend

signal.signal(signal.SIGTSTP, lambda *_: suspend())
signal.signal(signal.SIGCONT, lambda *_: note_resumption())
helper = subprocess.Popen(["sleep", "1000"])
env = {"PATH": os.defpath, "GRADER": str(os.getpid()), "HELPER": str(helper.pid)}
output = OutputBuffer()
process = ProcessSandbox().start(sys.argv[1], cwd=Path.cwd(), env=env, output=output)
print(process._supervisor.pid, helper.pid, flush=True)
while process.poll() is None and "done" not in output.text():
    time.sleep(0.01)
helper.kill()
print(process.poll(), resumptions(), flush=True)
process.kill()
"""


def eventually(holds: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.01)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def looks_of(supervisor: int) -> int:
    """How often it has waited for something so far."""
    for line in Path(f"/proc/{supervisor}/status").read_text().splitlines():
        if line.startswith("voluntary_ctxt_switches"):
            return int(line.split()[1])
    raise AssertionError("no such line")


@contextmanager
def grading(command: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A grader that runs the command, its supervisor, and another process of the grader."""
    process = subprocess.Popen(
        [sys.executable, "-c", GRADER, command],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        # In the session of its parent, as a shell has it: else the kernel ignores SIGTSTP.
        process_group=0,
    )
    try:
        assert process.stdout is not None
        supervisor, helper = map(int, process.stdout.readline().split())
        yield process, supervisor, helper
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("whom", ["GRADER", "HELPER"])
def test_a_service_that_stops_the_grader_does_not_end_the_grade(whom: str, tmp_path: Path) -> None:
    with grading(
        f"kill -STOP ${whom}; touch stopped; until [ -e seen ]; do sleep 0.01; done; echo done", tmp_path
    ) as (
        process,
        _,
        helper,
    ):
        eventually((tmp_path / "stopped").exists)
        eventually(lambda: state_of(process.pid if whom == "GRADER" else helper) != "T")
        (tmp_path / "seen").touch()
        said, _ = process.communicate(timeout=PATIENCE)
    status, resumed = said.split()
    assert status in ("None", "0")
    assert int(resumed) >= 1


def test_a_service_that_stops_the_grader_again_and_again_is_ended(tmp_path: Path) -> None:
    with grading("while true; do kill -STOP $GRADER; done", tmp_path) as (process, supervisor, _):
        said, _ = process.communicate(timeout=PATIENCE)
        eventually(lambda: not is_running(supervisor))
    assert said.split()[0] == "-9" or said.split()[0] == "137"


def test_a_service_that_stops_the_grader_and_ends_leaves_it_running(tmp_path: Path) -> None:
    with grading("kill -STOP $GRADER", tmp_path) as (process, _, _):
        said, _ = process.communicate(timeout=PATIENCE)
    assert said.split()[0] == "0"


def test_a_grader_that_its_user_stops_stays_stopped(tmp_path: Path) -> None:
    with grading("while [ ! -e over ]; do sleep 0.01; done; echo done", tmp_path) as (process, supervisor, _):
        process.send_signal(signal.SIGTSTP)
        eventually(lambda: state_of(process.pid) == "T")
        before = looks_of(supervisor)
        eventually(lambda: looks_of(supervisor) > before + 4)
        assert state_of(process.pid) == "T"
        process.send_signal(signal.SIGCONT)
        eventually(lambda: state_of(process.pid) != "T")
        (tmp_path / "over").touch()
        said, _ = process.communicate(timeout=PATIENCE)
    assert said.split()[0] in ("None", "0")


def test_a_service_may_stop_itself(tmp_path: Path) -> None:
    with grading("echo $$ > pid; kill -STOP $$; echo done", tmp_path) as (_, supervisor, _):
        eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        pid = int((tmp_path / "pid").read_text())
        eventually(lambda: state_of(pid) == "T")
        before = looks_of(supervisor)
        eventually(lambda: looks_of(supervisor) > before + 4)
        assert state_of(pid) == "T"
        os.kill(pid, signal.SIGCONT)
