"""The findings of the rules in a suite's recorded requests: evidence for failed checks, advice for the whole run.

Rules are costly and most checks pass, so nothing is judged before somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from graders.backing.postgres import PostgresAccess
from graders.backing.postgres.catalog import CatalogReader
from graders.backing.postgres.hypothetical_index import index_trial
from graders.errors import DatabaseError
from graders.http.client import Answer, TransportFailure
from graders.results.bounds import bounded
from graders.sql.activity.growth import Growth
from graders.sql.activity.recording import Recording
from graders.sql.catalog import Catalog
from graders.sql.finding import Finding
from graders.sql.plans.hypothetical import HypotheticalIndex, TryIndex
from graders.sql.statement import Statement

# A pause is all that shape alone has to go by, and a busy machine pauses too.
_BY_THE_CLOCK = {("long-transaction", "suspected")}
# An index on a large table takes long to build.
_MOST_INDEXES_TRIED = 12
# Characters of one finding in a report.
LONGEST_FINDING = 20_000


class RecordedRequest:
    """One recorded request with what is known about it; judged when somebody asks, and once.

    `catalog`: as it was when the window closed, or why it could not be read.
    """

    def __init__(self, recording: Recording, catalog: Catalog | DatabaseError, try_index: TryIndex) -> None:
        self.recording = recording
        self.growth: Growth | None = None
        self._catalog = catalog
        self._try_index = try_index
        self._findings: tuple[Finding, ...] | None = None

    def known(self) -> Mapping[str, Any]:
        """The keyword arguments of `findings_of`. Raises DatabaseError where the catalog could not be read."""
        if isinstance(self._catalog, DatabaseError):
            raise self._catalog
        return {
            "request": self.recording.request,
            "answer": self.recording.answer,
            "catalog": self._catalog,
            "growth": self.growth,
            "try_index": self._try_index,
        }

    def is_part_of(self, growth: Growth) -> None:
        """Judge it as the largest of that growth from now on."""
        self.growth, self._findings = growth, None

    def findings(self) -> tuple[Finding, ...]:
        """Without those that depend on the machine's speed; none where the catalog could not be read."""
        if self._findings is None:
            readable = not isinstance(self._catalog, DatabaseError)
            found = self.recording.findings() if readable else ()
            self._findings = tuple(one for one in found if (one.rule, one.confidence) not in _BY_THE_CLOCK)
        return self._findings


class RequestSet:
    """One recorded request for each set of statements: the one that shows most, by growth or by its length."""

    def __init__(self, requests: Iterable[RecordedRequest] = ()) -> None:
        self._kept: dict[frozenset[str], RecordedRequest] = {}
        for request in requests:
            self.add(request)

    def add(self, request: RecordedRequest) -> None:
        texts = frozenset(statement.text for statement in request.recording.all)
        known = self._kept.get(texts)
        if known is None or _shows(request) > _shows(known):
            self._kept[texts] = request

    def findings(self) -> list[Finding]:
        """Each fault once, those that are proved first."""
        found: dict[tuple[str, str], Finding] = {}
        for finding in self._all():
            known = found.get((finding.rule, finding.title))
            if known is None or (known.confidence, finding.confidence) == ("suspected", "proved"):
                found[finding.rule, finding.title] = finding
        return sorted(found.values(), key=lambda finding: finding.confidence != "proved")

    def _all(self) -> Iterator[Finding]:
        for request in self._kept.values():
            yield from request.findings()


class Advisor:
    """Gives the rules what a graded run knows: the schema, the answers, growth, and a way to try an index."""

    def __init__(self, postgres: PostgresAccess) -> None:
        self.requests = RequestSet()
        self._catalog = CatalogReader(postgres.admin_url)
        self._trial = index_trial(postgres.service_url)
        self._tried: dict[tuple[str, str], HypotheticalIndex | None] = {}

    def recorded(self, recording: Recording, exchange: Answer | TransportFailure) -> RecordedRequest:
        """Take the recording of one request."""
        recording.request = f"{exchange.request.method} {exchange.request.target}"
        recording.answer = exchange if isinstance(exchange, Answer) else None
        request = RecordedRequest(recording, self._current_catalog(), self._try_index)
        recording.known = request.known
        self.requests.add(request)
        return request

    def recorded_many(self, recording: Recording) -> None:
        """Take a recording of no request or of several: a check may still ask for the findings of a rule."""
        recording.known = lambda: {"catalog": self._catalog.current(), "try_index": self._try_index}

    def grown(self, growth: Growth, requests: Sequence[RecordedRequest]) -> None:
        """Take a growth over some of these requests. A window with several requests proves no growth."""
        measured = [one for one in requests if any(one.recording is known for known in growth.recordings)]
        if measured and len(measured) == len(growth.recordings):
            largest = next(one for one in measured if one.recording is growth.recordings[-1])
            largest.is_part_of(growth)
            self.requests.add(largest)

    def close(self) -> None:
        self._catalog.close()

    def _current_catalog(self) -> Catalog | DatabaseError:
        try:
            return self._catalog.current()
        except DatabaseError as error:
            return error

    def _try_index(self, statement: Statement, definition: str) -> HypotheticalIndex | None:
        key = (statement.text, definition)
        if key not in self._tried and len(self._tried) < _MOST_INDEXES_TRIED:
            self._tried[key] = self._trial(statement, definition)
        return self._tried.get(key)


def as_plain(findings: Iterable[Finding]) -> tuple[Mapping[str, Any], ...]:
    """Findings as JSON values, each cut to what a report holds: they quote statements and plans of the service."""
    return tuple(bounded(finding.as_json(), LONGEST_FINDING) for finding in findings)


def _shows(request: RecordedRequest) -> tuple[bool, int]:
    return request.growth is not None, len(request.recording.all)
