"""Running `kata` as its users do."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 300.0
TINY = Path(__file__).parent.parent / "packs" / "tiny"


@dataclass(frozen=True)
class Kata:
    """`kata(*arguments)` runs one command to its end; `environment` is what it runs with."""

    environment: dict[str, str]
    home: Path

    def __call__(
        self, *arguments: object, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.home,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "toolkit", *map(str, arguments)]


def without_runtime(report: str) -> str:
    """`report` as the run printed it: what the service runs on is not known before it has been started."""
    return re.sub(r" \((?:Python|Node\.js) [\d.]+\)", "", report, count=1)


@contextmanager
def running(kata: Kata, *arguments: object, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        kata.command(*arguments),
        cwd=cwd,
        env={**kata.environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the process prints up to a line with these words; it is killed where they do not come."""
    assert process.stdout is not None
    read = ""
    with ending_after(PATIENCE, process):
        for line in process.stdout:
            read += line
            if words in line:
                return read
    assert process.stderr is not None
    raise AssertionError(f"{words!r} never came: {read}\n{process.stderr.read()}")


@contextmanager
def ending_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill the process where the block takes longer: a read of its output ends then."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def end(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    return process.returncode
