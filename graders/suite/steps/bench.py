"""What the steps of one check act on: the service and its further instances, the database, meters, locks, faults."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from graders.backing.postgres.session import Database
from graders.errors import SuiteError
from graders.faults.database_proxy import DatabaseProxy
from graders.faults.lock_gate import LockGate
from graders.http.client import Answer, Client
from graders.packs.check_grammar import RequestTemplate
from graders.suite.evidence import Collector
from graders.suite.instances import Instance
from graders.suite.metering import GrowthMeter, RecordingMeter
from graders.suite.steps.scope import Scope

FIRST = "first"


class StepBench:
    """The fixtures of one check, asked for when a step first needs them."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._others: dict[str, Instance] = {}
        self.marks: dict[str, float] = {}

    def _fixture(self, name: str) -> Any:
        return self._request.getfixturevalue(name)

    @property
    def database(self) -> Database:
        found = self._fixture("database")
        assert isinstance(found, Database)
        return found

    @property
    def gate(self) -> LockGate:
        found = self._fixture("gate")
        assert isinstance(found, LockGate)
        return found

    @property
    def proxy(self) -> DatabaseProxy:
        found = self._fixture("proxy")
        assert isinstance(found, DatabaseProxy)
        return found

    @property
    def recording(self) -> RecordingMeter:
        found = self._fixture("recording")
        assert isinstance(found, RecordingMeter)
        return found

    @property
    def growth(self) -> GrowthMeter:
        found = self._fixture("growth")
        assert isinstance(found, GrowthMeter)
        return found

    @property
    def rng(self) -> random.Random:
        found = self._fixture("rng")
        assert isinstance(found, random.Random)
        return found

    @property
    def variables(self) -> dict[str, str]:
        return dict(self._fixture("variables"))

    @property
    def seed(self) -> int:
        return int(self._fixture("seed"))

    def instance(self, name: str = FIRST) -> Instance:
        """The instance of that name. SuiteError where no `another` step made it."""
        if name == FIRST:
            found = self._fixture("service")
            assert isinstance(found, Instance)
            return found
        if name not in self._others:
            known = ", ".join([FIRST, *self._others])
            raise SuiteError(
                f"there is no instance `{name}`", hint=f"make it with `another:`; known: {known}"
            )
        return self._others[name]

    def make_another(self, name: str, variables: dict[str, str]) -> Instance:
        self._others[name] = self.instance().another(variables)
        return self._others[name]

    def nth_instance(self, number: int) -> Instance:
        """The first instance for 0; further ones are made when they are first asked for."""
        if number == 0:
            return self.instance()
        name = f"instance-{number + 1}"
        return self._others.get(name) or self.make_another(name, {})

    def send(self, request: RequestTemplate, scope: Scope, client: Client | None = None) -> Answer:
        """Fill in the request and send it. Raises TransportFailure."""
        given = {key: scope.fill(value) for key, value in request.options.items()}
        http = client or self.instance(str(given.pop("on", FIRST))).http
        given.pop("on", None)
        if "deadline" in given:
            given["deadline"] = float(given["deadline"])
        data = given.pop("form", given.pop("body", None))
        path = str(scope.fill(request.path))
        # JSON `null` is a body; a request without `json` has none.
        if "json" in given and given["json"] is None:
            given.pop("json")
            data = "null"
            given["headers"] = {"Content-Type": "application/json", **given.get("headers", {})}
        return http.request(request.method, path, data=data, **given)

    def note_race(self) -> None:
        """A race begins: where the check fails from here on, what the database did since is its evidence."""
        collector = self._fixture("evidence")
        assert isinstance(collector, Collector)
        collector.race(self.recording.begin("race"))

    def mark(self, name: str) -> None:
        self.marks[name] = time.monotonic()

    def since(self, name: str) -> float:
        """Seconds since the mark. SuiteError where it was not set."""
        if name not in self.marks:
            raise SuiteError(f"there is no mark `{name}`", hint="set it with `mark:` in an earlier step")
        return time.monotonic() - self.marks[name]
