"""The process that suites are forked from: it makes the slow imports once, before the service is even up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any


def serve(descriptor: int) -> None:
    """Fork one suite for each job that arrives on the socket, until its other end is closed.

    A job is a JSON object sent with one descriptor, the suite's own channel.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import_what_suites_use()
    own = socket.socket(fileno=descriptor)
    children: set[int] = set()
    while True:
        line, descriptors, _, _ = socket.recv_fds(own, 1_000_000, 1)
        if not line:
            break
        children = {pid for pid in children if not _reaped(pid)}
        pid = os.fork()
        if pid == 0:
            own.close()
            _become_suite(json.loads(line), descriptors[0])
        children.add(pid)
        os.close(descriptors[0])
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _import_what_suites_use() -> None:
    import psycopg
    import pytest  # noqa: F401

    import graders.plugin  # noqa: F401

    del psycopg


def _reaped(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return True


def _become_suite(job: dict[str, Any], descriptor: int) -> None:
    """Run the job and end this process; the exit code is pytest's own."""
    code = 3
    try:
        from graders.channel import Channel
        from graders.plugin import run

        os.chdir(job["directory"])
        null = os.open(os.devnull, os.O_RDWR)
        output = os.open(Path(job["directory"]) / "suite.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(null, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = run(job, Channel(socket.socket(fileno=descriptor)))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        # Whatever happens here must not fall back into the host's loop.
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
