"""What the grader makes of what a suite's process sends, and of what it does not send."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from graders.results.codec import encode
from graders.results.grade import Stop
from graders.results.verdicts import Report
from graders.suite.channel import Channel
from graders.suite.control import Control
from graders.suite.messages import Ended, Hello, Started
from graders.suite.runner import SuiteOutcome, listen

NO_CALLS = None
PASSED, FAILED = Report("one", "passed"), Report("two", "failed")
STOP = Stop("exited-after-ready", "it ended", "")


def outcome_of(*messages: object, heard: Callable[[object], None] = lambda _: None) -> SuiteOutcome:
    """What the grader makes of these records (or raw lines), after which the other end is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"".join(one if isinstance(one, bytes) else encode(one) for one in messages))
    channel = Channel(ours)
    try:
        return listen(channel, cast("Control", NO_CALLS), heard)
    finally:
        channel.close()


def test_reports_and_the_end_make_an_outcome() -> None:
    findings = ({"rule": "n-plus-one"},)
    outcome = outcome_of(
        Hello(0), Started("one"), PASSED, Started("two"), FAILED, Ended(1, findings=findings)
    )
    assert outcome == SuiteOutcome((PASSED, FAILED), findings=findings)


def test_progress_hears_of_each_start_and_report() -> None:
    heard: list[object] = []
    outcome_of(Started("one"), PASSED, Ended(0), heard=heard.append)
    assert heard == [Started("one"), PASSED]


def test_a_service_that_died_is_reported_with_the_check_during_which_it_died() -> None:
    outcome = outcome_of(FAILED, Ended(2, stopped_by="two", stop=STOP))
    assert (outcome.error, outcome.stopped_by, outcome.stop) == (None, "two", STOP)


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ((), "died before it had reported everything"),
        ((PASSED,), "died before it had reported everything"),
        ((PASSED, b'["Ended", {"exit_code": 0'), "died before it had reported everything"),
        ((Ended(0),), "the suite reported no check at all"),
        ((Ended(5, error="the suite cannot be loaded"),), "the suite cannot be loaded"),
        ((PASSED, Ended(1)), "exit code 1, which its reports do not explain"),
        ((FAILED, Ended(0)), "exit code 0, which its reports do not explain"),
        ((b"nonsense\n", PASSED, Ended(0)), "sent what the grader cannot read: not JSON"),
        ((b'["Report", {"check": 1}]\n',), r"cannot read: Expected `str`, got `int` - at `\$\.check`"),
        ((b'["Call", {"action": "eval"}]\n',), "Invalid enum value 'eval'"),
        ((encode(Stop("a", "b", "c")),), "'Stop' where"),
    ],
)
def test_a_suite_that_does_not_say_how_it_ended_is_an_error_of_ours(
    messages: tuple[object, ...], why: str
) -> None:
    outcome = outcome_of(*messages)
    assert outcome.error is not None
    assert re.search(why, outcome.error)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_process_that_sends_nonsense_is_ended(child: subprocess.Popen[bytes]) -> None:
    assert outcome_of(Hello(child.pid), b"nonsense\n").error
    assert child.wait() == -signal.SIGKILL
