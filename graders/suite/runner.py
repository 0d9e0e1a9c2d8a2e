"""The hidden suite in its own process: started early, given a job, listened to, never trusted to be complete."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.errors import KataError, SuiteError
from graders.results.codec import CodecError, encode
from graders.results.grade import Stop
from graders.results.verdicts import Report
from graders.sandbox.reaper import end_with_us
from graders.submission.failures import ServiceFailure
from graders.suite.channel import Channel
from graders.suite.control import Control
from graders.suite.messages import (
    Call,
    Ended,
    Failed,
    Hello,
    Prepare,
    Refused,
    Returned,
    Started,
    SuiteJob,
)

# Longer than any step of a suite may take; it ends a suite that hangs, and judges nothing.
SILENCE_SECONDS = 300.0
Heard = Callable[[Started | Report], None]


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """What a suite reported. `error`: it ended otherwise than its reports say; `stopped_by`: the check during
    which the service died, and `stop` how; `findings`: advice gathered over all recordings."""

    reports: tuple[Report, ...]
    error: str | None = None
    stopped_by: str | None = None
    stop: Stop | None = None
    findings: tuple[Mapping[str, Any], ...] = ()


class SuiteHost:
    """A process with pytest and the fixtures imported, from which each suite is forked.

    `tables`: the directory where hypothesis keeps its tables of characters between runs.
    """

    def __init__(self, tables: Path) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket = ours
        self._lock = threading.Lock()
        serve = f"from graders.suite.host import serve; serve({theirs.fileno()})"
        start = f"import sys; sys.path[:] = {sys.path!r}; {serve}"
        self._process = subprocess.Popen(
            [sys.executable, "-I", *(["-B"] if sys.dont_write_bytecode else []), "-c", start],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "HYPOTHESIS_STORAGE_DIRECTORY": str(tables)},
            start_new_session=True,
        )
        end_with_us(self._process.pid)
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def prepare(self, suite: Path) -> None:
        """Start the imports of a suite in the background; a suite that runs before they end waits for them."""
        # Every message carries a descriptor: that keeps two of them from being read as one.
        with Path(os.devnull).open() as nothing, self._lock, contextlib.suppress(OSError):
            socket.send_fds(self._socket, [encode(Prepare(suite))], [nothing.fileno()])

    def run(self, job: SuiteJob, control: Control, on_message: Heard) -> SuiteOutcome:
        """Run one suite to its end. Several threads may do so at once."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                with self._lock:
                    socket.send_fds(self._socket, [encode(job)], [theirs.fileno()])
            except OSError:
                ours.close()
                raise SuiteError(
                    f"the suite's process ended before it began: {self._last_words()}",
                    hint="run `kata doctor`; if it finds nothing, report this",
                ) from None
        channel = Channel(ours)
        try:
            return listen(channel, control, on_message)
        finally:
            channel.close()

    def close(self) -> None:
        """End the host and its suites, at any point: the imports of a suite alone may take seconds."""
        self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()

    def _last_words(self) -> str:
        self._process.wait()
        assert self._process.stderr is not None
        return self._process.stderr.read().decode(errors="replace").strip()[-2000:]


def copy_suite(suite: Path, into: Path) -> None:
    """The suite's own copy for one run, so that an author may edit while it runs."""
    shutil.copytree(suite, into, ignore=shutil.ignore_patterns("__pycache__"))


def listen(channel: Channel, control: Control, on_message: Heard) -> SuiteOutcome:
    """Answer a suite's calls and gather its reports until it ends; a suite that is listened to no longer is killed."""
    reports: list[Report] = []
    ended: Ended | None = None
    error: str | None = None
    pid = 0
    try:
        while ended is None:
            try:
                message = channel.receive(Hello, Started, Report, Call, Ended, timeout=SILENCE_SECONDS)
            except (TimeoutError, CodecError) as trouble:
                error = _why_unusable(trouble)
                break
            match message:
                case None:
                    break
                case Hello():
                    pid = message.pid
                case Call():
                    channel.send(_perform(control, message))
                case Started():
                    on_message(message)
                case Report():
                    reports.append(message)
                    on_message(message)
                case Ended():
                    ended = message
    finally:
        if ended is None:
            _kill(pid)
    return _outcome(tuple(reports), ended, error)


def _outcome(reports: tuple[Report, ...], ended: Ended | None, error: str | None) -> SuiteOutcome:
    if ended is None:
        died = "the suite's process died before it had reported everything"
        return SuiteOutcome(reports, error or died)
    return SuiteOutcome(
        reports,
        error=_mismatch(reports, ended),
        stopped_by=ended.stopped_by,
        stop=ended.stop,
        findings=ended.findings,
    )


def _why_unusable(trouble: TimeoutError | CodecError) -> str:
    if isinstance(trouble, TimeoutError):
        return f"the suite sent nothing for {SILENCE_SECONDS:.0f} s"
    return f"the suite's process sent what the grader cannot read: {trouble}"


def _kill(pid: int) -> None:
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _perform(control: Control, call: Call) -> Returned | Failed | Refused:
    try:
        return Returned(getattr(control, call.action)(**call.arguments))
    except ServiceFailure as failure:
        return Failed(failure.stop)
    except KataError as error:
        return Refused(error.message, error.hint)
    except Exception as error:
        # Every error belongs to the check that asked; it is raised there again.
        return Refused(f"{type(error).__name__}: {error}")


def _mismatch(reports: Sequence[Report], ended: Ended) -> str | None:
    if ended.error:
        return ended.error
    if not reports:
        return "the suite reported no check at all"
    expected = {0} if all(report.outcome == "passed" for report in reports) else {1, 2}
    if ended.exit_code not in expected and not ended.stopped_by:
        return f"the suite ended with exit code {ended.exit_code}, which its reports do not explain"
    return None
