"""The hidden suite in its own process: started early, given a job, listened to, never trusted to be complete."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from graders.errors import KataError, SuiteError
from graders.results.verdicts import Cost, Evidence, Report
from graders.suite.channel import Channel

# Longer than any step of a suite may take; it ends a suite that hangs, and judges nothing.
SILENCE_SECONDS = 300.0


class Control(Protocol):
    """What a suite may ask the grader to do, by name, with JSON arguments and a JSON answer."""

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class SuiteJob:
    """Everything a suite needs to know. `suite`: folder of the checks' files; `checks`: the manifest of ids;
    `selected`: those to run, in that order; `tables`: those of the kata before the submission touched them; `odd`:
    make some answers odd (see perturbation); `fail_fast`: end after the first failed check."""

    suite: Path
    directory: Path
    checks: Sequence[str]
    selected: Sequence[str]
    sealed: Sequence[str]
    seed: int
    base_url: str
    admin_url: str
    grader_url: str
    service_url: str
    service_role: str
    log: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, str]
    odd: bool = False
    fail_fast: bool = False


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """What a suite reported. `error`: it ended otherwise than its reports say; `stopped_by`: the check during
    which the service died; `findings`: advice gathered over all recordings."""

    reports: tuple[Report, ...]
    error: str | None = None
    stopped_by: str | None = None
    stop: Mapping[str, str] = field(default_factory=dict)
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
            [sys.executable, "-I", "-B", "-c", start],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "HYPOTHESIS_STORAGE_DIRECTORY": str(tables)},
            start_new_session=True,
        )
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def prepare(self, suite: Path) -> None:
        """Have the imports of a suite made while other things go on; a suite that runs meanwhile waits for them."""
        # Every message carries a descriptor: that keeps two of them from being read as one.
        with Path(os.devnull).open() as nothing, self._lock, contextlib.suppress(OSError):
            socket.send_fds(self._socket, [json.dumps({"prepare": str(suite)}).encode()], [nothing.fileno()])

    def run(
        self, job: SuiteJob, control: Control, on_message: Callable[[Mapping[str, Any]], None]
    ) -> SuiteOutcome:
        """Run one suite to its end. Several threads may do so at once."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        message = json.dumps(_plain(job)).encode()
        with theirs:
            try:
                with self._lock:
                    socket.send_fds(self._socket, [message], [theirs.fileno()])
            except OSError:
                ours.close()
                raise SuiteError(
                    f"the suite's process ended before it began: {self._last_words()}",
                    hint="run `kata doctor`; if it finds nothing, report this",
                ) from None
        channel = Channel(ours)
        try:
            return _listen(channel, control, on_message)
        finally:
            channel.close()

    def close(self) -> None:
        self._socket.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
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


def _plain(job: SuiteJob) -> dict[str, Any]:
    return {
        "suite": str(job.suite),
        "directory": str(job.directory),
        "checks": list(job.checks),
        "selected": list(job.selected),
        "sealed": list(job.sealed),
        "seed": job.seed,
        "base_url": job.base_url,
        "admin_url": job.admin_url,
        "grader_url": job.grader_url,
        "service_url": job.service_url,
        "service_role": job.service_role,
        "log": dict(job.log),
        "tables": dict(job.tables),
        "variables": dict(job.variables),
        "odd": job.odd,
        "fail_fast": job.fail_fast,
    }


def _listen(
    channel: Channel, control: Control, on_message: Callable[[Mapping[str, Any]], None]
) -> SuiteOutcome:
    reports: list[Report] = []
    ended: Mapping[str, Any] = {}
    error: str | None = None
    pid = 0
    while True:
        try:
            message = channel.receive(timeout=SILENCE_SECONDS)
        except TimeoutError:
            error = f"the suite said nothing for {SILENCE_SECONDS:.0f} s"
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            break
        if message is None:
            break
        match message.get("event"):
            case "hello":
                pid = int(message["pid"])
            case "call":
                channel.send(_answer(control, message))
            case "report":
                reports.append(report_from(message["report"]))
                on_message(message)
            case "ended":
                ended = message
            case _:
                on_message(message)
    return SuiteOutcome(
        reports=tuple(reports),
        error=error or _mismatch(reports, ended),
        stopped_by=ended.get("stopped_by"),
        stop=ended.get("stop") or {},
        findings=tuple(ended.get("findings", ())),
    )


def _answer(control: Control, message: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"value": control.call(message["name"], message["arguments"])}
    except Exception as error:
        # Whatever went wrong belongs to the check that asked; it is raised there again.
        code = getattr(error, "code", "")
        text = error.message if isinstance(error, KataError) else str(error)
        return {
            "error": str(getattr(error, "message", text)),
            "code": code,
            "type": type(error).__name__,
            "output": getattr(error, "output", ""),
            "hint": getattr(error, "hint", ""),
        }


def _mismatch(reports: Sequence[Report], ended: Mapping[str, Any]) -> str | None:
    if not ended:
        return "the suite's process died before it had reported everything"
    if ended.get("error"):
        return str(ended["error"])
    code = ended["exit"]
    expected = {0} if all(report.outcome == "passed" for report in reports) else {1, 2}
    if not reports:
        return "the suite reported no check at all"
    if code not in expected and not ended.get("stopped_by"):
        return f"the suite ended with exit code {code}, which its reports do not explain"
    return None


def report_from(plain: Mapping[str, Any]) -> Report:
    """The Report that `graders.suite.plugin` sent as plain JSON values."""
    evidence = plain.get("evidence", {})
    return Report(
        check=plain["check"],
        outcome=plain["outcome"],
        message=plain.get("message", ""),
        detail=plain.get("detail", ""),
        evidence=Evidence(
            requests=tuple(evidence.get("requests", ())),
            statements=tuple(evidence.get("statements", ())),
            findings=tuple(evidence.get("findings", ())),
        ),
        costs=tuple(
            Cost(
                check=plain["check"],
                request=cost["request"],
                unit=cost["unit"],
                sizes=tuple(cost["sizes"]),
                values=tuple(cost["values"]),
                slope=cost["slope"],
            )
            for cost in plain.get("costs", ())
        ),
        seconds=float(plain.get("seconds", 0.0)),
    )
