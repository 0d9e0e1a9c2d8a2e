"""What a check leaves behind for the learner: requests, statements, findings and costs, all capped."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graders.results.verdicts import Cost, Evidence, SeenRequest, SeenStatement
from graders.sql.plans import costs
from graders.suite.advice import RecordedRequest, RequestSet, as_plain
from graders.suite.race_evidence import race_statements

if TYPE_CHECKING:
    from graders.http.client import Answer, TransportFailure
    from graders.sql.activity.growth import Growth
    from graders.sql.activity.recording import Recording
    from graders.sql.finding import Finding
    from graders.sql.statement import Statement

MOST_REQUESTS = 3
MOST_STATEMENTS = 8
MOST_FINDINGS = 8
LONGEST_TEXT = 2_000
LONGEST_COMMAND = 8_000
LONGEST_VALUE = 500
MOST_VALUES = 20
OUTPUT_LINES = 60
LONGEST_OUTPUT = 6_000
_SHOWN_HEADERS = {
    "content-type", "location", "retry-after", "link", "allow", "etag", "www-authenticate",
    "idempotency-replayed", "x-request-id", "content-length",
}  # fmt: skip


class Collector:
    """Gathers what happened during one check; the newest requests and the last recording are what is shown.

    `check` is the check's id, `requests` are those that were recorded alone.
    """

    def __init__(self, check: str = "") -> None:
        self.check = check
        self.costs: list[Cost] = []
        self.pinned: list[Answer | TransportFailure] = []
        self.requests: list[RecordedRequest] = []
        self._exchanges: deque[Answer | TransportFailure] = deque(maxlen=MOST_REQUESTS)
        self._recordings: deque[Recording] = deque(maxlen=1)
        self._race: Callable[[], Recording] | None = None

    def exchange(self, exchange: Answer | TransportFailure) -> None:
        self._exchanges.append(exchange)

    def recording(self, recording: Recording) -> None:
        self._recordings.append(recording)

    def race(self, end: Callable[[], Recording]) -> None:
        """A race has started. Where the check fails, `end` gives what happened in the database since then."""
        self._race = end

    def cost(self, request: str, growth: Growth) -> None:
        """Report what a request cost at several sizes."""
        measured = Cost(self.check, request, growth.unit, growth.sizes, growth.values, growth.slope)
        self.costs.append(measured)

    def pin(self, exchange: Answer) -> None:
        """Show this exchange, even if others follow."""
        self.pinned.append(exchange)

    @property
    def last_request(self) -> str:
        """The curl line of the newest request, empty where there was none."""
        return self._exchanges[-1].request.curl if self._exchanges else ""

    def evidence(self, guilty: Sequence[Answer | TransportFailure] = (), printed: str = "") -> Evidence:
        """Everything. `guilty`: the exchanges that a failed assertion was about, which come last; `printed`: what the
        service printed during the check."""
        others = [exchange for exchange in self._exchanges if all(exchange is not one for one in guilty)]
        exchanges = (self.pinned or [*others, *guilty])[-MOST_REQUESTS:]
        statements = [row for recording in self._recordings for row in statement_evidence(recording)]
        statements = [*self._raced(), *statements]
        return Evidence(
            tuple(exchange_evidence(exchange) for exchange in exchanges),
            tuple(statements[:MOST_STATEMENTS]),
            as_plain(self._proved()),
            last_lines(printed),
            sum(recording.unattributed for recording in self._recordings),
        )

    def _raced(self) -> tuple[SeenStatement, ...]:
        # A log that cannot be read must not hide why the check failed.
        with contextlib.suppress(Exception):
            if self._race is not None:
                return tuple(_clipped_sql(statement) for statement in race_statements(self._race()))
        return ()

    def _proved(self) -> list[Finding]:
        """Suspected faults are advice for the end of the run: nothing shows that they have to do with this failure."""
        found = RequestSet(self.requests).findings()
        return [finding for finding in found if finding.confidence == "proved"][:MOST_FINDINGS]


def exchange_evidence(exchange: Answer | TransportFailure) -> SeenRequest:
    """A request and what came of it."""
    request = exchange.request
    curl, path = clipped(request.curl, LONGEST_COMMAND), clipped(request.target)
    seen = SeenRequest(curl=curl, method=request.method, path=path)
    if isinstance(exchange, Exception):
        return {**seen, "status": None, "note": clipped(str(exchange))}
    telling = [(name, value) for name, value in exchange.headers.items() if name.lower() in _SHOWN_HEADERS]
    headers = {name: clipped(value) for name, value in telling}
    body = clipped(exchange.body.decode("utf-8", "replace"))
    return {**seen, "status": exchange.status, "headers": headers, "body": body}


def statement_evidence(recording: Recording) -> list[SeenStatement]:
    """The recording's work by shape, the most frequent first, each with the parameters of two executions."""
    shapes: dict[tuple[str, bool], list[Statement]] = {}
    for statement in (*recording.work, *recording.nested):
        shapes.setdefault((statement.text, statement.nested), []).append(statement)
    return [
        SeenStatement(
            sql=clipped(text),
            times=len(group),
            parameters=[_clipped_values(one) for one in dict.fromkeys(s.parameters for s in group) if one][
                :2
            ],
            rows_sent=sum(costs.rows_sent(one) for one in group),
            rows_read=sum(costs.rows_read(one) for one in group),
            nested=nested,
        )
        for (text, nested), group in sorted(shapes.items(), key=lambda item: -len(item[1]))
    ]


def _clipped_sql(statement: SeenStatement) -> SeenStatement:
    values = [
        _clipped_values(one) if isinstance(one, list) else one for one in statement.get("parameters", [])
    ]
    return {**statement, "sql": clipped(statement["sql"]), "parameters": values}


def _clipped_values(values: Sequence[object]) -> list[object]:
    return [
        clipped(value, LONGEST_VALUE) if isinstance(value, str) else value for value in values[:MOST_VALUES]
    ]


def clipped(text: str, most: int = LONGEST_TEXT) -> str:
    """The text, or its beginning and how much is missing."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters)"


def last_lines(text: str) -> str:
    """The end of what was printed, and how many lines before it are missing."""
    lines = text.strip("\n").splitlines()
    kept = lines[-OUTPUT_LINES:]
    while len(kept) > 1 and sum(map(len, kept)) > LONGEST_OUTPUT:
        del kept[0]
    missing = len(lines) - len(kept)
    return "\n".join([*([f"... {missing} lines before"] if missing else []), *kept])
