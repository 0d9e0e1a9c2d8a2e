"""Races of YAML checks: who sends what, which rows are held, and what came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import jmespath

from graders.faults.lock_gate import HeldGate, Hold, LockGate
from graders.http.client import Answer
from graders.packs.check_grammar import RequestTemplate, Step
from graders.packs.declared_checks import request_in
from graders.suite.concurrency import concurrently
from graders.suite.steps.answers import judge_answer, outcome
from graders.suite.steps.matching import mismatch
from graders.suite.steps.scope import Scope

# Longer than a request of a suite may take, so that the gate opens before a client gives up.
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Racer:
    """One request of a race: its number from 1, the group that it belongs to, and what it is sent with."""

    number: int
    group: str
    request: RequestTemplate
    expected: Mapping[str, Any]
    instance: int


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


def racers_of(step: Step, scope: Scope) -> tuple[Racer, ...]:
    """Everybody in the race, numbered from 1 in the order in which they are written; instances take turns."""
    instances = int(scope.fill(step.argument.get("instances", 1)))
    racers: list[Racer] = []
    for group, request, times, expected in _groups(step, scope):
        for _ in range(times):
            racers.append(Racer(len(racers) + 1, group, request, expected, len(racers) % instances))
    return tuple(racers)


def _groups(step: Step, scope: Scope) -> Iterator[tuple[str, RequestTemplate, int, Mapping[str, Any]]]:
    if step.request is not None:
        yield "", step.request, int(scope.fill(step.argument.get("times", 1))), {}
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


def run_race(
    step: Step, scope: Scope, gate: LockGate, send: Send, while_held: Callable[[], None]
) -> RaceResult:
    """Send everything at once (or in turn), behind what is held; `while_held` runs before it is released."""
    racers = racers_of(step, scope)
    holds = holds_of(step, scope)
    if not holds:
        results = concurrently(len(racers), lambda at: send(racers[at], scope))
        return RaceResult(racers, _answers(results), 0)
    with ExitStack() as stack:
        held = stack.enter_context(gate.held(*holds))
        results = _behind(held, racers, scope, send, while_held, in_turn=bool(step.argument.get("in_turn")))
        return RaceResult(racers, _answers(results), held.blocked)


def _behind(
    held: HeldGate,
    racers: Sequence[Racer],
    scope: Scope,
    send: Send,
    while_held: Callable[[], None],
    *,
    in_turn: bool,
) -> list[Answer | BaseException]:
    groups = [[racer] for racer in racers] if in_turn else [list(racers)]
    started = []
    for group in groups:
        # The default binds the group of this round: threads may start after the next one began.
        calls = held.start(len(group), lambda at, group=group: send(group[at], scope))  # type: ignore[misc]
        started.append(calls)
        held.settle()
    while_held()
    held.open()
    return [result for calls in started for result in calls.join(_TIMEOUT)]


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
    telling = _telling(result)
    assert problem is None, f"{len(result.answers)} requests at once: {problem}"
    del telling


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
        if (problem := mismatch(jmespath.search(expression, values), wanted, scope)) is not None:
            return f"`{expression}` {problem}"
    return None


def counted(statuses: Mapping[Any, Any]) -> str:
    """`30 × 201, 10 × 409`."""
    return ", ".join(f"{statuses[status]} × {status}" for status in sorted(statuses, key=int))


def _telling(result: RaceResult) -> Answer | None:
    """The answer that says most about a failure: a server error, or else the last one."""
    errors = [answer for answer in result.answers if answer.status >= 500]
    return next(reversed(errors or result.answers), None)
