"""Every backend that this machine offers, and a way to start commands in it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from boxes import SANDBOXES, Start, made, marked

from graders.sandbox.base import Mount, OutputBuffer, Process, Sandbox


@pytest.fixture(params=SANDBOXES)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return made(request.param)


@pytest.fixture
def start(sandbox: Sandbox, tmp_path: Path) -> Iterator[Start]:
    started: list[Process] = []

    def begin(
        command: str, env: Mapping[str, str] | None = None, **needs: Any
    ) -> tuple[Process, OutputBuffer]:
        output = OutputBuffer()
        known = {"PATH": os.defpath, "HOME": str(tmp_path), "PORT": "1"}
        needs = {"mounts": (Mount(tmp_path, "write"),), **needs}
        started.append(
            sandbox.start(command, cwd=tmp_path, env={**known, **(env or {})}, output=output, **needs)
        )
        return started[-1], output

    yield begin
    for process in started:
        process.kill()


@pytest.fixture
def mark() -> Iterator[str]:
    """A number of seconds to sleep that no other process has: by it a process is found wherever it runs."""
    token = f"600.{secrets.randbelow(10**12):012}"
    yield token
    assert not marked(token), "a process is left"
