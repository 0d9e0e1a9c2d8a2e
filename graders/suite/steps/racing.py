"""Races of YAML checks: who sends what, which rows are held, and what came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from graders.faults.lock_gate import Calls, HeldGate, Hold, LockGate
from graders.http.client import Answer
from graders.packs.check_grammar import RequestTemplate, Step
from graders.packs.declared_checks import request_in
from graders.suite.steps.answers import judge_answer, outcome
from graders.suite.steps.expressions import evaluate
from graders.suite.steps.matching import mismatch
from graders.suite.steps.scope import Scope

# Longer than a request of a suite may take: each has a deadline of its own, and this one ends what ignores it.
_TIMEOUT = 150.0


@dataclass(frozen=True, slots=True)
class Racer:
    """One request of a race: its number from 1, the group that it belongs to, and what it is sent with."""

    number: int
    group: str
    request: RequestTemplate
    expected: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RaceResult:
    """What came of a race: answers in the order of the racers; `blocked`: how many waited at once for what was held."""

    racers: tuple[Racer, ...]
    answers: tuple[Answer, ...]
    blocked: int

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        pairs = zip(self.racers, self.answers, strict=True)
        return [outcome(answer, racer.number, racer.group) for racer, answer in pairs]


Send = Callable[[Racer, Scope], Answer]


class OpenRace:
    """A race that is running: everything sent so far, behind what is held (or nothing)."""

    def __init__(self, send: Send, held: HeldGate | None) -> None:
        self._send = send
        self._held = held
        self._racers: list[Racer] = []
        self._calls: list[Calls[Answer]] = []

    def start(self, racers: Sequence[Racer], scope: Scope, *, in_turn: bool = False) -> None:
        """Send requests at once, or one after the other, and come back when each is blocked or answered."""
        for group in [[racer] for racer in racers] if in_turn else [list(racers)]:
            self._start(group, scope)

    def _start(self, group: Sequence[Racer], scope: Scope) -> None:
        def call(at: int) -> Answer:
            return self._send(group[at], scope)

        self._racers += group
        if self._held is None:
            self._calls.append(Calls(len(group), call))
            return
        self._calls.append(self._held.start(len(group), call))
        self._held.settle()

    @property
    def size(self) -> int:
        """The requests sent so far."""
        return len(self._racers)

    def finish(self) -> RaceResult:
        """Release what is held and wait for every answer. Raises what a request has raised."""
        if self._held is not None:
            self._held.open()
        results = [result for calls in self._calls for result in calls.join(_TIMEOUT)]
        blocked = self._held.blocked if self._held is not None else 0
        return RaceResult(tuple(self._racers), _answers(results), blocked)


def racers_of(step: Step, scope: Scope, sent: int = 0) -> tuple[Racer, ...]:
    """The requests of the step, in the order in which they are written.

    They are numbered from 1, or on from the `sent` ones that are in the race already.
    """
    racers: list[Racer] = []
    for group, request, times, expected in _groups(step, scope):
        for _ in range(times):
            racers.append(Racer(sent + len(racers) + 1, group, request, expected))
    return tuple(racers)


def _groups(step: Step, scope: Scope) -> Iterator[tuple[str, RequestTemplate, int, Mapping[str, Any]]]:
    if step.request is not None:
        name, times = str(step.argument.get("name", "")), int(scope.fill(step.argument.get("times", 1)))
        yield name, step.request, times, {}
        return
    for at, entry in enumerate(step.argument["requests"]):
        request = request_in(entry)
        assert request is not None
        times = int(scope.fill(entry.get("times", 1)))
        yield str(entry.get("name", at)), request, times, entry.get("expect", {})


def holds_of(step: Step, scope: Scope) -> list[Hold]:
    """The rows or tables to hold, with their conditions filled in."""
    given = step.argument.get("hold", [])
    holds = []
    for hold in given if isinstance(given, list) else [given]:
        where, parameters = scope.sql(str(hold.get("where", "")))
        tables = hold["table"] if isinstance(hold["table"], list) else [hold["table"]]
        holds.append(Hold(tuple(tables), where, tuple(parameters), str(hold.get("mode", "EXCLUSIVE"))))
    return holds


@contextmanager
def race(step: Step, scope: Scope, gate: LockGate, send: Send, *, holding: bool) -> Iterator[OpenRace]:
    """Begin the race of the step, behind what it holds (unless not `holding`); `finish` ends it."""
    holds = holds_of(step, scope) if holding else []
    in_turn = bool(step.argument.get("in_turn"))
    if not holds:
        running = OpenRace(send, None)
        running.start(racers_of(step, scope), scope)
        yield running
        return
    with gate.held(*holds) as held:
        running = OpenRace(send, held)
        running.start(racers_of(step, scope), scope, in_turn=in_turn)
        yield running


def _answers(results: Sequence[Answer | BaseException]) -> tuple[Answer, ...]:
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return tuple(result for result in results if isinstance(result, Answer))


def judge_race(result: RaceResult, expected: Mapping[str, Any], scope: Scope) -> None:
    """AssertionError where the answers are not as expected: each by its group's, and all of them together."""
    for racer, one in zip(result.racers, result.answers, strict=True):
        if racer.expected:
            judge_answer(one, scope.inside(n=racer.number).fill(racer.expected), scope)
    problem = _together(result, expected, scope)
    # A local variable of the function that fails: the evidence shows this answer.
    informative = _most_informative(result)
    assert problem is None, f"{len(result.answers)} requests at once: {problem}"
    del informative


def _together(result: RaceResult, expected: Mapping[str, Any], scope: Scope) -> str | None:
    if "any_of" in expected:
        problems = [_together(result, choice, scope) for choice in expected["any_of"]]
        return problems[0] if all(problems) else None
    if "statuses" in expected:
        found = Counter(answer.status for answer in result.answers)
        wanted = expected["statuses"]
        if any(mismatch(found.get(int(status), 0), count, scope) for status, count in wanted.items()) or any(
            status not in {int(one) for one in wanted} for status in found
        ):
            return f"answered {counted(found)}; expected {counted(wanted)}"
    values = {**scope.values, "answers": result.outcomes, "blocked": result.blocked}
    for expression, wanted in expected.get("values", {}).items():
        if (problem := mismatch(evaluate(expression, values), wanted, scope)) is not None:
            return f"`{expression}` {problem}"
    return None


def counted(statuses: Mapping[Any, Any]) -> str:
    """`30 × 201, 10 × 409`."""
    return ", ".join(f"{statuses[status]} × {status}" for status in sorted(statuses, key=int))


def _most_informative(result: RaceResult) -> Answer | None:
    """The answer that says most about a failure: a server error, or else the last one."""
    errors = [answer for answer in result.answers if answer.status >= 500]
    return next(reversed(errors or result.answers), None)
