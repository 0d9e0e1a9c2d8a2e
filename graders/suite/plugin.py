"""The pytest plugin of a suite: one function a check, and a report of each to the grader."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graders.errors import SuiteError
from graders.http.client import Answer, AnswerError, TransportFailure
from graders.results.grade import Stop
from graders.results.verdicts import Report
from graders.suite import overload
from graders.suite.advice import as_plain
from graders.suite.channel import Channel
from graders.suite.control import ServiceGone
from graders.suite.evidence import Collector, clipped
from graders.suite.fixtures import Bench, Fixtures
from graders.suite.generated_data import settle_generated_data
from graders.suite.messages import Ended, Hello, Started, SuiteJob
from graders.suite.steps.collecting import collect_declared
from graders.suite.time_budget import MachineBusyError

MOST_FINDINGS = 50
# What a submission can cause; anything else that a check raises is the suite's own mistake.
THEIRS = (AssertionError, pytest.fail.Exception, AnswerError, TransportFailure, ServiceGone)


def run(job: SuiteJob, channel: Channel) -> int:
    """Run the job's suite in this process and report over the channel; pytest's exit code."""
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    suite = str(job.suite)
    sys.path.insert(0, suite)
    channel.send(Hello(os.getpid()))
    settle_generated_data(job.seed)
    plugin = GraderPlugin(job, channel)
    arguments = [
        suite,
        f"--rootdir={suite}",
        f"-c{os.devnull}",
        "--import-mode=importlib",
        "--assert=plain",
        "-pno:cacheprovider",
        "-pno:faulthandler",
        "-opython_files=open_*.py sealed_*.py",
        "-opython_functions=check_*",
        "-opython_classes=NoClasses",
        "--tb=short",
        "-q",
    ]
    code = int(pytest.main(arguments, plugins=[plugin, Fixtures(plugin.bench)]))
    channel.send(plugin.closing(code))
    return code


class GraderPlugin:
    """Holds what the checks share, and turns pytest's outcomes into reports."""

    def __init__(self, job: SuiteJob, channel: Channel) -> None:
        self.job = job
        self.channel = channel
        self.bench = Bench(job, channel)
        self.error: str | None = None
        self.stopped_by: str | None = None
        self.stop: Stop | None = None
        self._open: dict[str, Report] = {}
        self._left: dict[str, int] = {}
        self._passed = False
        self._deaths = 0

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        return collect_declared(file_path, parent)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        unknown = sorted({id_of(item) for item in items} - set(self.job.checks))
        if unknown:
            self.error = f"the suite defines checks that kata.yaml does not have: {', '.join(unknown)}"
            items[:] = []
            return
        order = self.job.selected
        items[:] = sorted(
            (item for item in items if id_of(item) in order), key=lambda item: order.index(id_of(item))
        )
        for item in items:
            self._left[id_of(item)] = self._left.get(id_of(item), 0) + 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.error = f"the suite cannot be loaded:\n{report.longreprtext}"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        id = id_of(item)
        if id not in self._open:
            self._open[id] = Report(id, "passed")
            self.channel.send(Started(id))
        self.bench.collector = Collector(id)
        self.bench.control.mark()
        self.bench.time_budget.next_check()
        started = time.perf_counter()
        result = yield
        report = self._so_far(id, time.perf_counter() - started)
        self._left[id] -= 1
        stopping = self._why_stop(report)
        if self._left[id] == 0 or stopping:
            self._passed = self._passed or report.outcome == "passed"
            self.channel.send(self._open.pop(id))
        if stopping:
            item.session.shouldstop = stopping
        return result

    def _so_far(self, id: str, seconds: float) -> Report:
        report = self._open[id]
        costs = (*report.costs, *self.bench.collector.costs)
        self._open[id] = replace(report, seconds=report.seconds + seconds, costs=costs)
        return self._open[id]

    def _why_stop(self, report: Report) -> str:
        if self.stopped_by:
            return "the service has exited"
        return "a check failed" if self.job.fail_fast and report.outcome == "failed" else ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        result = yield
        if call.excinfo is not None:
            self._failed(id_of(item), call.excinfo.value, teardown=call.when == "teardown")
        return result

    def _failed(self, id: str, error: BaseException, *, teardown: bool) -> None:
        report = self._open[id]
        blame = None if is_theirs(error) else self._blame(error)
        theirs = blame is not None or is_theirs(error)
        # What a fixture finds while it takes itself down after a failure is a consequence of that failure.
        if report.outcome == "broken" or (report.outcome == "failed" and (theirs or teardown)):
            return
        self._open[id] = replace(
            report,
            outcome="failed" if theirs else "broken",
            message=clipped(self._with_public_url(blame or self._sentence(id, error))) if theirs else "",
            detail="" if theirs else describe_error(error, str(self.job.suite)),
            evidence=self.bench.collector.evidence(answers_in(error), self._printed()),
        )

    def _with_public_url(self, message: str) -> str:
        return message.replace(self.job.base_url, self.job.shown_url) if self.job.shown_url else message

    def _printed(self) -> str:
        with contextlib.suppress(SuiteError, ServiceGone):
            return self.bench.control.printed()
        return ""

    def _blame(self, error: BaseException) -> str | None:
        if any(isinstance(leaf, MachineBusyError) for leaf in _leaves(error)):
            return overload.blame(self.bench.control)
        found = (self.bench.blame(leaf) for leaf in _leaves(error))
        return next((blame for blame in found if blame), None)

    def _sentence(self, id: str, error: BaseException) -> str:
        error = next((found for found in _leaves(error) if isinstance(found, THEIRS)), error)
        if isinstance(error, TransportFailure) and not self.bench.first.expected_down:
            exited = self.bench.control.exited(0)
            if exited is not None:
                self._died(id, exited)
                return exited.message
        if isinstance(error, ServiceGone):
            self._stop(id, error.stop)
        return str(error).strip() or "what this check proves does not hold"

    def _died(self, id: str, exited: Stop) -> None:
        # One crash costs one check. A service that dies at once, or again, cannot be judged any further.
        self._deaths += 1
        if self._deaths == 1 and self._passed:
            try:
                self.bench.control.restore()
                return
            except ServiceGone:
                pass
        self._stop(id, exited)

    def _stop(self, id: str, stop: Stop) -> None:
        self.stopped_by, self.stop = id, stop

    def closing(self, code: int) -> Ended:
        """The last message: how the suite ended."""
        findings = self.bench.advisor.requests.findings()[:MOST_FINDINGS]
        self.bench.close()
        return Ended(code, self.error, self.stopped_by, self.stop, as_plain(findings))


def id_of(item: pytest.Item) -> str:
    """The check that a test function belongs to: its name with hyphens, `check_` and any `__variant` dropped."""
    name = getattr(item, "originalname", None) or item.name.split("[")[0]
    return str(name).removeprefix("check_").split("__")[0].replace("_", "-")


def answers_in(error: BaseException) -> list[Answer]:
    """The answers that a failed assertion was about: those held by its function, or by the nearest one around it."""
    error = next(_leaves(error), error)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        held = {id(value): value for value in frame.f_locals.values() if isinstance(value, Answer)}
        if held:
            return list(held.values())
    return []


def describe_error(error: BaseException, suite: str) -> str:
    """What went wrong in the suite, from its own first line on, with files as the author knows them."""
    trace = error.__traceback__
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(suite):
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error, trace or error.__traceback__, chain=False)
    return "".join(lines).replace(f"{suite}/", "suite/")[-6000:].strip()


def is_theirs(error: BaseException) -> bool:
    """Whether a submission can have caused this; a group counts if any of its leaves does."""
    return any(isinstance(leaf, THEIRS) for leaf in _leaves(error))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
