"""What a check leaves behind for the learner: requests, statements, findings and costs, as capped plain values."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graders.sql.plans import costs

if TYPE_CHECKING:
    from graders.http.client import Answer, TransportFailure
    from graders.sql.activity.recording import Recording

MOST_REQUESTS = 3
MOST_STATEMENTS = 8
LONGEST_TEXT = 2_000
OUTPUT_LINES = 12
_SHOWN_HEADERS = {
    "content-type", "location", "retry-after", "link", "allow", "etag", "www-authenticate",
    "idempotency-replayed", "x-request-id", "content-length",
}  # fmt: skip


class Collector:
    """Gathers what happened during one check; the newest requests and the last recording are what is shown."""

    def __init__(self) -> None:
        self.costs: list[dict[str, Any]] = []
        self.pinned: list[Answer | TransportFailure] = []
        self.findings: list[dict[str, Any]] = []
        self._exchanges: deque[Answer | TransportFailure] = deque(maxlen=MOST_REQUESTS)
        self._recordings: deque[Recording] = deque(maxlen=1)

    def exchange(self, exchange: Answer | TransportFailure) -> None:
        self._exchanges.append(exchange)

    def recording(self, recording: Recording) -> None:
        self._recordings.append(recording)

    def pin(self, exchange: Answer) -> None:
        """Show this exchange, whatever comes after it."""
        self.pinned.append(exchange)

    @property
    def last_request(self) -> str:
        """The curl line of the newest request, empty where there was none."""
        return shown_exchange(self._exchanges[-1])["curl"] if self._exchanges else ""

    def evidence(
        self,
        guilty: Sequence[Answer | TransportFailure] = (),
        printed: Callable[[str], str] = lambda _: "",
    ) -> dict[str, Any]:
        """Everything as plain values. `guilty`: the exchanges that a failed assertion was about, which come last;
        `printed` gives what the service at a base URL printed, asked for where the last 5xx is shown."""
        others = [exchange for exchange in self._exchanges if all(exchange is not one for one in guilty)]
        exchanges = (self.pinned or [*others, *guilty])[-MOST_REQUESTS:]
        requests = [shown_exchange(exchange) for exchange in exchanges]
        for exchange, request in reversed(list(zip(exchanges, requests, strict=True))):
            if (request["status"] or 0) >= 500:
                lines = printed(exchange.request.base_url).rstrip().splitlines()[-OUTPUT_LINES:]
                request["output"] = clipped("\n".join(lines))
                break
        statements = [row for recording in self._recordings for row in shown_statements(recording)]
        return {
            "requests": requests,
            "statements": statements[:MOST_STATEMENTS],
            "findings": self.findings[:MOST_STATEMENTS],
        }


def shown_exchange(exchange: Answer | TransportFailure) -> dict[str, Any]:
    """A request and what came of it, as plain values."""
    request = exchange.request
    shown = {"curl": request.curl, "method": request.method, "path": request.target}
    status = getattr(exchange, "status", None)
    if status is None:
        return {**shown, "status": None, "note": clipped(str(exchange))}
    headers = {name: value for name, value in exchange.headers.items() if name.lower() in _SHOWN_HEADERS}  # type: ignore[union-attr]
    body = exchange.body.decode("utf-8", "replace")  # type: ignore[union-attr]
    return {**shown, "status": status, "headers": headers, "body": clipped(body)}


def shown_statements(recording: Recording) -> list[dict[str, Any]]:
    """The recording's work by shape, the most frequent first, each with the parameters of two executions."""
    shapes: dict[tuple[str, bool], list[Any]] = {}
    for statement in (*recording.work, *recording.nested):
        shapes.setdefault((statement.text, statement.nested), []).append(statement)
    rows = []
    for (text, nested), group in sorted(shapes.items(), key=lambda item: -len(item[1])):
        rows.append(
            {
                "sql": clipped(text),
                "times": len(group),
                "parameters": [list(one) for one in dict.fromkeys(s.parameters for s in group) if one][:2],
                "rows_sent": sum(costs.rows_sent(one) for one in group),
                "rows_read": sum(costs.rows_read(one) for one in group),
                "nested": nested,
            }
        )
    return rows


def clipped(text: str, most: int = LONGEST_TEXT) -> str:
    """The text, or its beginning and how much is missing."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters)"
