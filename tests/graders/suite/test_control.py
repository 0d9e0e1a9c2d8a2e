"""Calls of a suite to the grader: one protocol, and two ends that both have every method of it."""

from __future__ import annotations

import inspect
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import get_args

import pytest

from graders.errors import KataError, SuiteError
from graders.results.grade import Stop
from graders.submission.control import ServiceControl
from graders.submission.failures import ServiceFailure
from graders.suite.channel import Channel
from graders.suite.control import Control, RemoteControl, ServiceGone
from graders.suite.messages import Action, Call, Ended
from graders.suite.runner import listen

EXITED = Stop("exited-after-ready", "it ended", "read its output", "Traceback")


def methods(kind: type) -> dict[str, list[tuple[str, object]]]:
    return {
        name: [(one.name, one.default) for one in inspect.signature(function).parameters.values()]
        for name, function in vars(kind).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }


def test_both_ends_have_the_methods_of_the_protocol() -> None:
    wanted = methods(Control)
    assert set(wanted) == set(get_args(Action))
    assert methods(RemoteControl) == wanted
    assert methods(ServiceControl) == wanted


class Recorded:
    """A control that says what it was asked; `answers` gives what a method returns or raises."""

    def __init__(self, **answers: object) -> None:
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self._answers = answers

    def __getattr__(self, name: str) -> Callable[..., object]:
        def method(**arguments: object) -> object:
            self.asked.append((name, arguments))
            answer = self._answers.get(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return method


@contextmanager
def calling(control: Recorded) -> Iterator[RemoteControl]:
    """The suite's end of a channel whose other end is listened to as in a run."""
    ours, theirs = (Channel(end) for end in socket.socketpair())
    listener = threading.Thread(target=listen, args=(ours, control, lambda _: None))
    listener.start()
    try:
        yield RemoteControl(theirs)
    finally:
        theirs.send(Ended(0))
        listener.join()
        ours.close()
        theirs.close()


def test_arguments_and_values_arrive_as_records() -> None:
    control = Recorded(alive=True, output="\ud800 said", exited=EXITED, another=(2, "http://127.0.0.1:2"))
    with calling(control) as remote:
        assert remote.alive(1) is True
        assert remote.output(0) == "\ud800 said"
        assert remote.exited(0) == EXITED
        assert remote.another({"A": "b"}) == (2, "http://127.0.0.1:2")
        remote.restart(0, {"C": "d"}, "postgresql://x")
        remote.restore()
    assert control.asked == [
        ("alive", {"id": 1}),
        ("output", {"id": 0}),
        ("exited", {"id": 0}),
        ("another", {"variables": {"A": "b"}, "database_url": None}),
        ("restart", {"id": 0, "variables": {"C": "d"}, "database_url": "postgresql://x"}),
        ("restore", {}),
    ]


def test_nothing_is_gone_while_the_service_runs() -> None:
    with calling(Recorded(exited=None)) as remote:
        assert remote.exited(0) is None


def test_what_the_service_fails_to_do_is_raised_as_gone_with_all_that_is_known() -> None:
    failure = ServiceFailure(EXITED.code, EXITED.message, hint=EXITED.hint, output=EXITED.output)
    with calling(Recorded(start=failure)) as remote, pytest.raises(ServiceGone, match="it ended") as caught:
        remote.start(0)
    assert caught.value.stop == EXITED


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (KataError("no room", hint="make some"), "stop: no room", "make some"),
        (SuiteError("no instance 7"), "stop: no instance 7", ""),
        (OSError(5, "broken"), r"stop: OSError: \[Errno 5\] broken", ""),
    ],
)
def test_any_other_error_of_the_grader_is_the_suites_to_report(
    error: Exception, said: str, hint: str
) -> None:
    with calling(Recorded(stop=error)) as remote:
        with pytest.raises(SuiteError, match=said) as caught:
            remote.stop(0)
        assert caught.value.hint == hint
        assert remote.exited(0) is None, "the channel goes on after an error"


def test_a_grader_that_has_ended_is_an_error_of_ours() -> None:
    ours, theirs = (Channel(end) for end in socket.socketpair())
    remote = RemoteControl(theirs)

    def take_the_call_and_end() -> None:
        ours.receive(Call)
        ours.close()

    grader = threading.Thread(target=take_the_call_and_end)
    grader.start()
    with pytest.raises(SuiteError, match="the grader's process has ended"):
        remote.kill(0)
    grader.join()
    theirs.close()
