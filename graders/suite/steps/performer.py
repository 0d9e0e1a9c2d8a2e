"""Performs the steps of a check in YAML, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from graders.errors import SuiteError
from graders.http.client import Answer
from graders.packs.check_grammar import REQUESTS, DeclaredCheck, Step, StepBlock
from graders.sandbox.machine import Deadline
from graders.suite.steps.answers import judge_answer, keep_of
from graders.suite.steps.bench import FIRST, StepBench
from graders.suite.steps.costs import judge_growth, judge_recording
from graders.suite.steps.crashing import crash_after_commit
from graders.suite.steps.expressions import evaluate
from graders.suite.steps.matching import mismatch
from graders.suite.steps.racing import OpenRace, Racer, judge_race, race, racers_of
from graders.suite.steps.scope import Scope, random_value

_PAUSE = 0.05
# A request of a race also waits at what is held, so it gets more time than one that is alone.
_RACE_SECONDS = 60.0
_PLACE = "suite/"
# What a sealed check says where a step without a sentence meets an answer that it cannot use.
_UNUSABLE = "An answer is not what the contract promises, so that this check could not go on."


class StepFailure(AssertionError):
    """A step did not find what it expects. The message is what the learner reads."""


class Performer:
    """The steps of one check. A sealed step fails with its sentence alone; an open one also names the difference."""

    def __init__(self, check: DeclaredCheck, blocks: Mapping[str, StepBlock], bench: StepBench) -> None:
        self._check = check
        self._blocks = blocks
        self._bench = bench
        self._running: OpenRace | None = None
        # Whether races hold what they name, and how many requests were blocked by it so far.
        self._holding = True
        self._blocked = 0

    def run(self) -> None:
        values = {**self._bench.variables, "seed": self._bench.seed}
        self._all(self._check.steps, Scope(values))

    def _all(self, steps: Sequence[Step], scope: Scope) -> None:
        for step in steps:
            self._one(step, scope)

    def _one(self, step: Step, scope: Scope) -> None:
        try:
            self._perform(step, scope)
        except StepFailure:
            # A step inside this one has failed, and has said so.
            raise
        except AssertionError as error:
            raise StepFailure(self._sentence(step, scope, str(error))).with_traceback(
                error.__traceback__
            ) from error
        except SuiteError as error:
            if error.message.startswith(_PLACE):
                # The step inside this one is the place to look at.
                raise
            raise SuiteError(f"{_PLACE}{step.place}: {error.message}", hint=error.hint) from error

    def _sentence(self, step: Step, scope: Scope, difference: str) -> str:
        because = str(scope.fill(step.because)) if step.because else ""
        if self._check.sealed:
            return because or _UNUSABLE
        return (
            f"{because}\n{difference} (checks/{step.place})"
            if because
            else f"{difference} (checks/{step.place})"
        )

    def _perform(self, step: Step, scope: Scope) -> None:
        if step.verb in REQUESTS:
            self._request(step, scope)
            return
        verbs: dict[str, Callable[[Step, Scope], None]] = {
            "sql": self._sql,
            "growth": self._growth,
            "recorded": self._recorded,
            "race": self._race,
            "send": self._send,
            "rounds": self._rounds,
            "crash-after-commit": self._crash,
            "restart": self._restart,
            "kill": lambda step, _: self._instance(step).kill(),
            "stop": lambda step, _: self._instance(step).stop(),
            "start": lambda step, _: self._instance(step).start(),
            "another": self._another,
            "until": self._until,
            "wait": lambda step, scope: time.sleep(float(scope.fill(step.argument))),
            "mark": lambda step, _: self._bench.mark(str(step.argument)),
            "elapsed": self._elapsed,
            "each": self._each,
            "repeat": self._repeat,
            "random": self._random,
            "set": self._set,
            "use": self._use,
            "when": self._when,
            "expect": self._expect,
        }
        verbs[step.verb](step, scope)

    def _instance(self, step: Step) -> Any:
        return self._bench.instance(str((step.argument or {}).get("on", FIRST)))

    def _request(self, step: Step, scope: Scope) -> None:
        assert step.request is not None
        answer = self._bench.send(step.request, scope)
        judge_answer(answer, scope.fill(step.options.get("expect", {})), scope)
        keep_of(answer, step.options.get("keep", {}), scope)

    def _sql(self, step: Step, scope: Scope) -> None:
        text, parameters = scope.sql(str(step.argument))
        rows, count = self._bench.database.result(text, *parameters)
        plain = [{name: plain_value(value) for name, value in row.items()} for row in rows]
        found = {"rows": plain, "count": count, "value": next(iter(plain[0].values())) if plain else None}
        for name, wanted in scope.fill(step.options.get("expect", {})).items():
            problem = mismatch(found.get(name), wanted, scope)
            assert problem is None, f"in the database, `{name}` {problem}"
        _keep(found, step, scope)

    def _growth(self, step: Step, scope: Scope) -> None:
        request = step.request
        if request is None:
            raise SuiteError("`growth` has no request", hint="add e.g. `get: /orders?limit={size}`")
        judge_growth(
            self._bench.growth,
            scope.fill(dict(step.argument)),
            lambda size: self._bench.send(request, scope.inside(size=size)),
            label=f"{request.method} {request.path}",
        )

    def _recorded(self, step: Step, scope: Scope) -> None:
        def during() -> None:
            self._all(step.steps["during"], scope)

        judge_recording(self._bench.recording, scope.fill(step.argument), during, scope)

    def _race(self, step: Step, scope: Scope) -> None:
        sender = self._sender(int(scope.fill(step.argument.get("instances", 1))), step, scope)
        self._bench.note_race()
        with race(step, scope, self._bench.gate, sender, holding=self._holding) as running:
            self._running = running
            try:
                self._all(step.steps.get("while_held", ()), scope)
            finally:
                self._running = None
            result = running.finish()
        self._blocked += result.blocked
        found = {"answers": result.outcomes, "blocked": result.blocked}
        for name, value in found.items():
            scope.keep(name, value)
        judge_race(result, scope.fill(step.options.get("expect", {})), scope)
        _keep(found, step, scope)

    def _sender(self, instances: int, step: Step, scope: Scope) -> Callable[[Racer, Scope], Answer]:
        """How a racer sends: to the instance that its request names, else to all instances in turn."""
        turns = [self._bench.nth_instance(number) for number in range(instances)]
        seconds = float(scope.fill(step.argument.get("timeout", _RACE_SECONDS)))

        def send(racer: Racer, scope: Scope) -> Answer:
            on = scope.fill(racer.request.options.get("on"))
            at = turns[(racer.number - 1) % instances] if on is None else self._bench.instance(str(on))
            client = at.http
            client.deadline = seconds
            return self._bench.send(racer.request, scope.inside(n=racer.number), client)

        return send

    def _send(self, step: Step, scope: Scope) -> None:
        if self._running is None:
            raise SuiteError("`send` is outside of a race", hint="write it under `while_held:`")
        self._running.start(racers_of(step, scope, self._running.size), scope)

    def _rounds(self, step: Step, scope: Scope) -> None:
        """The steps once, and again without holding anything where no request was blocked by what was held."""
        before = self._blocked
        self._all(step.steps["steps"], scope.inside(round=1))
        if self._blocked > before:
            return
        self._holding = False
        try:
            for number in range(int(scope.fill(step.argument.get("plain", 5)))):
                self._all(step.steps["steps"], scope.inside(round=number + 2))
        finally:
            self._holding = True

    def _crash(self, step: Step, scope: Scope) -> None:
        crash_after_commit(self._bench, step, scope)

    def _restart(self, step: Step, scope: Scope) -> None:
        variables = scope.fill((step.argument or {}).get("variables", {}))
        instance = self._instance(step)
        if variables:
            instance.restart_with({name: str(value) for name, value in variables.items()})
        else:
            instance.restart()

    def _another(self, step: Step, scope: Scope) -> None:
        variables = scope.fill(step.argument.get("variables", {}))
        name = str(step.argument["name"])
        self._bench.make_another(name, {key: str(value) for key, value in variables.items()})

    def _until(self, step: Step, scope: Scope) -> None:
        """The steps again until they pass. The deadline ends the wait; a lower bound may be judged."""
        deadline = Deadline(float(scope.fill(step.argument["within"])), what="what `until` waits for")
        while True:
            try:
                self._all(step.steps["steps"], scope)
                break
            except AssertionError:
                if deadline.passed:
                    raise
                time.sleep(_PAUSE)
        not_before = scope.fill(step.argument.get("not_before", {}))
        if not_before:
            passed = self._bench.since(str(not_before["after"]))
            least = float(not_before["seconds"])
            assert passed >= least, (
                f"that was so {passed:.1f} s after the start, not before {least:g} s are over"
            )

    def _each(self, step: Step, scope: Scope) -> None:
        for at, row in enumerate(scope.fill(step.argument["in"])):
            values = row if isinstance(row, dict) else {"value": row}
            self._all(step.steps["steps"], scope.inside(at=at, **values))

    def _repeat(self, step: Step, scope: Scope) -> None:
        times, again = int(scope.fill(step.argument["times"])), step.argument.get("while")
        for turn in range(times):
            self._all(step.steps["steps"], scope.inside(turn=turn + 1))
            if again is not None and not scope.value(str(again)):
                return
        if again is not None:
            raise SuiteError(
                f"after {times} turns `{again}` still holds, so this check proves nothing",
                hint="run it again while fewer other programs run on this machine",
            )

    def _elapsed(self, step: Step, scope: Scope) -> None:
        for name, mark in step.argument.items():
            scope.keep(name, self._bench.since(str(mark)))

    def _random(self, step: Step, scope: Scope) -> None:
        for name, pattern in step.argument.items():
            scope.keep(name, random_value(pattern, self._bench.rng))

    def _set(self, step: Step, scope: Scope) -> None:
        """A text without a name is an expression; anything else is filled in."""
        for name, given in step.argument.items():
            is_expression = isinstance(given, str) and "{" not in given
            scope.keep(name, scope.value(given) if is_expression else scope.fill(given))

    def _use(self, step: Step, scope: Scope) -> None:
        block = self._blocks[str(step.argument)]
        given = scope.fill(step.options.get("with", {}))
        self._all(block.steps, scope.inside(**given))

    def _when(self, step: Step, scope: Scope) -> None:
        branch = "then" if scope.value(str(step.argument["is"])) else "else"
        self._all(step.steps.get(branch, ()), scope)

    def _expect(self, step: Step, scope: Scope) -> None:

        for expression, wanted in scope.fill(step.argument).items():
            problem = mismatch(evaluate(str(expression), scope.values), wanted, scope)
            assert problem is None, f"`{expression}` {problem}"


def _keep(found: Mapping[str, Any], step: Step, scope: Scope) -> None:

    for name, expression in step.options.get("keep", {}).items():
        scope.keep(name, evaluate(str(expression), found))


def plain_value(value: Any) -> Any:
    """A value from PostgreSQL as JSON would carry it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
