"""The process that suites are forked from: it makes the slow imports once, before the service is even up."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from graders.results.codec import decode
from graders.suite.imports import imports_from_graders
from graders.suite.messages import Prepare, SuiteJob


def serve(descriptor: int) -> None:
    """Fork one suite for each job that arrives on the socket, until its other end is closed.

    Each message comes with one descriptor: that of a job is the suite's own channel, that of `Prepare` is not used.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import_what_suites_use()
    own = socket.socket(fileno=descriptor)
    children: set[int] = set()
    while True:
        line, descriptors, _, _ = socket.recv_fds(own, 1_000_000, 1)
        if not line:
            break
        message = decode(line, Prepare, SuiteJob)
        if isinstance(message, Prepare):
            os.close(descriptors[0])
            prepare(message.suite)
            continue
        assert isinstance(message, SuiteJob)
        children = {pid for pid in children if not _reaped(pid)}
        pid = os.fork()
        if pid == 0:
            own.close()
            _become_suite(message, descriptors[0])
        children.add(pid)
        os.close(descriptors[0])
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _import_what_suites_use() -> None:
    import psycopg  # noqa: F401
    import pytest  # noqa: F401

    import graders.suite.api
    import graders.suite.plugin  # noqa: F401
    from graders.suite import old_names

    old_names.install()


def prepare(suite: Path) -> None:
    """Import what of `graders` the suite's files import, and have it ready: those modules that are slow to begin
    with have a `warm_up`. What is wrong with a suite is reported when it runs."""
    for name in sorted({name for file in suite.glob("*.py") for name in _graders_imports(file)}):
        with contextlib.suppress(Exception):
            ready = getattr(pkgutil.resolve_name(name), "warm_up", None)
            if ready is not None:
                ready()
    if any(suite.glob("*.yaml")):
        importlib.import_module("graders.suite.steps.performer")
    # What is there now lives as long as the host: a collection in a fork would only copy its pages.
    gc.freeze()


def _graders_imports(file: Path) -> Iterator[str]:
    try:
        found = list(imports_from_graders(file))
    except (SyntaxError, ValueError, OSError):
        return
    for one in found:
        yield one.module
        yield one.dotted


def _reaped(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return True


def _become_suite(job: SuiteJob, descriptor: int) -> None:
    """Run the job and end this process; the exit code is pytest's own."""
    code = 3
    try:
        from graders.suite.channel import Channel
        from graders.suite.plugin import run

        os.chdir(job.directory)
        null = os.open(os.devnull, os.O_RDWR)
        output = os.open(job.directory / "suite.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(null, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = run(job, Channel(socket.socket(fileno=descriptor)))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        # No exception here may fall back into the host's loop.
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
