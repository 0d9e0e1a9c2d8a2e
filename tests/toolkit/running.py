"""Running `kata` as its users do."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
            timeout=300,
            check=False,
        )

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "toolkit", *map(str, arguments)]


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
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if words in line:
            return read
    assert process.stderr is not None
    raise AssertionError(f"{words!r} never came: {read}\n{process.stderr.read()}")


def end(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    return process.returncode
