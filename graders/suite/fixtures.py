"""The fixtures that checks ask for: HTTP, database, recording, growth, races, and the service itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from graders.backing.postgres.schema_changes import blamed
from graders.backing.postgres.session import Database
from graders.faults.database_proxy import DatabaseProxy, FaultError, open_database_proxy
from graders.faults.lock_gate import LockGate
from graders.http.client import Answer, Client, TransportFailure
from graders.http.perturbation import Perturbation
from graders.sql.activity.growth import Growth
from graders.sql.activity.recording import Recording
from graders.suite.advice import Advisor
from graders.suite.channel import Channel
from graders.suite.concurrency import concurrently as call_concurrently
from graders.suite.control import RemoteControl
from graders.suite.disturbance import Disturbance
from graders.suite.evidence import Collector
from graders.suite.instances import Instance
from graders.suite.messages import SuiteJob
from graders.suite.metering import GrowthMeter, RecordingMeter
from graders.suite.time_budget import TimeBudget


class Bench:
    """What all checks of a suite share. `collector` is the running check's own."""

    def __init__(self, job: SuiteJob, channel: Channel) -> None:
        self.job = job
        self.collector = Collector()
        self.control = RemoteControl(channel)
        self.time_budget = TimeBudget()
        perturbed = Perturbation(job.seed) if job.perturbed else None
        self.first = Instance(
            self.control, 0, job.base_url, self._exchanged, self.time_budget.begin, perturbed, job.shown_url
        )
        self.database = Database(job.postgres.grader_url, job.postgres.service_url)
        self.exchanges = 0
        self.meter = RecordingMeter(
            job.postgres,
            self._recorded,
            lambda: self.exchanges,
            tables=job.tables,
            at_edges=self.database.report_statistics,
        )
        self.disturbance = Disturbance(self.database, job.tables, job.seed)
        self.advisor = Advisor(job.postgres)
        self._last_exchange: Answer | TransportFailure | None = None

    def blame(self, error: BaseException) -> str | None:
        """Why the submission, and not the suite, is the cause of a database error; None where it is not."""
        return blamed(error, self.job.tables, self.database, self.job.postgres.service_role)

    def close(self) -> None:
        self.meter.close()
        self.advisor.close()
        self.database.close()

    def _exchanged(self, exchange: Answer | TransportFailure) -> None:
        self.exchanges += 1
        self._last_exchange = exchange
        self.collector.exchange(exchange)
        self.time_budget.end(exchange.request, answered=isinstance(exchange, Answer))

    def _recorded(self, recording: Recording, requests: int) -> None:
        self.collector.recording(recording)
        # The rules speak of one request; several in one window would look like repetition.
        if requests == 1 and self._last_exchange is not None:
            self.collector.requests.append(self.advisor.recorded(recording, self._last_exchange))
        else:
            self.advisor.recorded_many(recording)

    def grown(self, growth: Growth) -> None:
        """Have the rules see a measured growth."""
        self.advisor.grown(growth, self.collector.requests)


class Fixtures:
    """A pytest plugin with one fixture for each thing that a check can ask for."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @pytest.fixture
    def service(self) -> Iterator[Instance]:
        """The running service. It is brought back after the check if the check took it down or changed it."""
        yield self._bench.first
        self._bench.control.restore()
        self._bench.first.expected_down = False

    @pytest.fixture
    def http(self) -> Client:
        """A client of the service."""
        return self._bench.first.http

    @pytest.fixture
    def database(self) -> Database:
        """The grader's own session, which sees everything."""
        return self._bench.database

    @pytest.fixture
    def recording(self) -> RecordingMeter:
        """`with recording.window() as window:` … and then what PostgreSQL saw of the service in between."""
        return self._bench.meter

    @pytest.fixture
    def growth(self) -> GrowthMeter:
        """Costs of one request at several sizes, judged by their slope."""
        bench = self._bench
        return GrowthMeter(bench.meter, bench.collector, bench.grown, bench.disturbance)

    @pytest.fixture
    def gate(self) -> LockGate:
        """Forced races: hold the rows or tables that the requests need, let all of them in, let go."""
        return LockGate(self._bench.job.postgres.grader_url, role=self._bench.job.postgres.service_role)

    @pytest.fixture
    def proxy(self, service: Instance, database_url: str) -> Iterator[DatabaseProxy]:
        """A proxy between the service and its database: the service is restarted behind it for this check.

        A fault that was armed and did not take place breaks the check, unless the service failed it before.
        """
        place = urlsplit(database_url)
        assert place.hostname is not None and place.port is not None
        with open_database_proxy(place.hostname, place.port) as proxy:
            service.restart_with(database_url=proxy.url_for(database_url))
            yield proxy
            for fault in proxy.faults:
                if not fault.happened:
                    raise FaultError(
                        f"{fault.what}: it never took place", hint="then the check proves nothing"
                    )

    @pytest.fixture
    def wire(self, proxy: DatabaseProxy) -> DatabaseProxy:
        """The old name of `proxy`, for suites of older packs."""
        return proxy

    @pytest.fixture
    def concurrently(self) -> Callable[..., list[Any]]:
        return call_concurrently

    @pytest.fixture
    def evidence(self) -> Collector:
        """To pin a request that should be shown, even if others follow."""
        return self._bench.collector

    @pytest.fixture
    def seed(self) -> int:
        return self._bench.job.seed

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> random.Random:
        """Random choices of this check: they follow from the run's seed and the check's name alone."""
        return random.Random(f"{self._bench.job.seed}:{request.node.name}")

    @pytest.fixture
    def variables(self) -> dict[str, str]:
        """The environment variables that the service was given in addition to PORT, HOST and DATABASE_URL."""
        return dict(self._bench.job.variables)

    @pytest.fixture
    def database_url(self) -> str:
        """The service's own DATABASE_URL, for a proxy between it and the database."""
        return self._bench.job.postgres.service_url
