"""Performs the steps of a check in YAML, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import jmespath

from graders.errors import SuiteError
from graders.http.client import Answer
from graders.packs.check_grammar import REQUESTS, DeclaredCheck, Step, StepBlock
from graders.suite.steps.answers import judge_answer, keep_of
from graders.suite.steps.bench import FIRST, StepBench
from graders.suite.steps.costs import judge_growth, judge_recording
from graders.suite.steps.crashing import crash_after_commit
from graders.suite.steps.matching import mismatch
from graders.suite.steps.racing import Racer, judge_race, run_race
from graders.suite.steps.scope import Scope, random_value

_PAUSE = 0.05


class StepFailure(AssertionError):
    """A step did not find what it expects. The message is what the learner reads."""


class Performer:
    """The steps of one check. A sealed step fails with its sentence alone; an open one also names the difference."""

    def __init__(self, check: DeclaredCheck, blocks: Mapping[str, StepBlock], bench: StepBench) -> None:
        self._check = check
        self._blocks = blocks
        self._bench = bench

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
            raise SuiteError(f"suite/{step.place}: {error.message}", hint=error.hint) from error

    def _sentence(self, step: Step, scope: Scope, difference: str) -> str:
        because = str(scope.fill(step.because)) if step.because else ""
        if self._check.sealed:
            return because or difference
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
            "crash-after-commit": self._crash,
            "restart": self._restart,
            "kill": lambda step, _: self._instance(step).kill(),
            "stop": lambda step, _: self._instance(step).stop(),
            "start": lambda step, _: self._instance(step).start(),
            "another": self._another,
            "until": self._until,
            "wait": lambda step, scope: time.sleep(float(scope.fill(step.argument))),
            "mark": lambda step, _: self._bench.mark(str(step.argument)),
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
        instances = int(scope.fill(step.argument.get("instances", 1)))
        clients = [self._bench.nth_instance(number).http for number in range(instances)]
        if "timeout" in step.argument:
            for client in clients:
                client.deadline = float(scope.fill(step.argument["timeout"]))

        def send(racer: Racer, scope: Scope) -> Answer:
            return self._bench.send(racer.request, scope.inside(n=racer.number), clients[racer.instance])

        held = step.steps.get("while_held", ())
        result = run_race(step, scope, self._bench.gate, send, lambda: self._all(held, scope))
        scope.keep("answers", result.outcomes)
        scope.keep("blocked", result.blocked)
        judge_race(result, scope.fill(step.options.get("expect", {})), scope)
        _keep({"answers": result.outcomes, "blocked": result.blocked}, step, scope)

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
        deadline = time.monotonic() + float(scope.fill(step.argument["within"]))
        while True:
            try:
                self._all(step.steps["steps"], scope)
                break
            except AssertionError:
                if time.monotonic() >= deadline:
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
        for turn in range(int(scope.fill(step.argument["times"]))):
            self._all(step.steps["steps"], scope.inside(turn=turn + 1))

    def _random(self, step: Step, scope: Scope) -> None:
        for name, pattern in step.argument.items():
            scope.keep(name, random_value(pattern, self._bench.rng))

    def _set(self, step: Step, scope: Scope) -> None:
        for name, expression in step.argument.items():
            filled = scope.fill(expression) if isinstance(expression, str) and "{" in expression else None
            if filled is not None or not isinstance(expression, str):
                scope.keep(name, filled if filled is not None else expression)
            else:
                scope.keep(name, scope.value(expression))

    def _use(self, step: Step, scope: Scope) -> None:
        block = self._blocks[str(step.argument)]
        given = scope.fill(step.options.get("with", {}))
        self._all(block.steps, scope.inside(**given))

    def _when(self, step: Step, scope: Scope) -> None:
        branch = "then" if scope.value(str(step.argument["is"])) else "else"
        self._all(step.steps.get(branch, ()), scope)

    def _expect(self, step: Step, scope: Scope) -> None:

        for expression, wanted in scope.fill(step.argument).items():
            problem = mismatch(jmespath.search(str(expression), scope.values), wanted, scope)
            assert problem is None, f"`{expression}` {problem}"


def _keep(found: Mapping[str, Any], step: Step, scope: Scope) -> None:

    for name, expression in step.options.get("keep", {}).items():
        scope.keep(name, jmespath.search(str(expression), found))


def plain_value(value: Any) -> Any:
    """A value from PostgreSQL as JSON would carry it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
