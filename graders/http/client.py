"""HTTP to a service that may be hostile: one deadline a request, capped sizes, strict framing, nothing followed."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from graders.escape import sanitize
from graders.http.connection import Connection, countdown
from graders.http.message import Answer, AnswerError, Headers, Request, TransportFailure

__all__ = ["Answer", "AnswerError", "Client", "Headers", "Request", "TransportFailure"]

MAX_BYTES = 16 * 1024 * 1024
# What a common client sends, so that a service cannot recognise the grader.
COMMON_HEADERS = (
    ("User-Agent", "curl/8.5.0"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
)
_PATH_SAFE = "/%:@!$&'()*+,;=~-._?"

Params = Mapping[str, Any] | Iterable[tuple[str, Any]]
HeaderChanges = Mapping[str, str | None] | Sequence[tuple[str, str]]


class Client:
    """Requests to one service.

    `deadline` is seconds for a whole exchange, `max_bytes` the largest body. Each request has a new connection
    unless `keep_alive`. `headers` go with every request. `on_request` is called before each request with its deadline
    and gives how long to wait (see Connection.exchange; without it the deadline is all). `on_exchange` hears of each
    answer and each failure, `through` may put another answer in an answer's place before anybody sees it. `shown_url`
    is the base URL that curl lines name, if not `base_url`. Safe to use from several threads.
    """

    def __init__(
        self,
        base_url: str,
        *,
        deadline: float = 10.0,
        max_bytes: int = MAX_BYTES,
        keep_alive: bool = False,
        headers: HeaderChanges | None = None,
        on_exchange: Callable[[Answer | TransportFailure], None] | None = None,
        on_request: Callable[[Request, float], Callable[[], float]] | None = None,
        through: Callable[[Answer], Answer] | None = None,
        shown_url: str = "",
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"a base URL is http://host:port, not {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self.deadline = deadline
        self.max_bytes = max_bytes
        self.keep_alive = keep_alive
        self.headers = headers
        self.on_exchange = on_exchange
        self.on_request = on_request
        self.through = through
        self.shown_url = shown_url
        self._place = (parts.hostname, parts.port or 80)
        self._netloc = parts.netloc
        self._idle: list[Connection] = []
        self._lock = Lock()

    def request(
        self,
        method: str,
        path: str | bytes,
        *,
        params: Params | None = None,
        json: Any = None,
        data: bytes | str | Mapping[str, Any] | None = None,
        headers: HeaderChanges | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """Sends one request and returns the answer. Raises TransportFailure.

        `path` as text is percent-encoded where it must be (escapes in it stay as they are); as bytes it is sent raw.
        `params` are added to it: lists repeat the name, None is left out, booleans are true and false. `json` is
        a value to send as JSON, `data` raw bytes or text, or a mapping for a form. In `headers`, None removes a
        field that would be sent otherwise; a sequence of pairs can send a field twice.
        """
        body, kind = _body(json, data)
        fields = self._fields(method, body, kind, headers)
        target = _target(path, params)
        request = Request(method.upper(), self.base_url, target, Headers(fields), body, self.shown_url)
        seconds = self.deadline if deadline is None else deadline
        left = countdown(seconds) if self.on_request is None else self.on_request(request, seconds)
        try:
            answer = self._exchange(request, left)
        except TransportFailure as failure:
            if self.on_exchange is not None:
                self.on_exchange(failure)
            raise
        if self.through is not None:
            answer = self.through(answer)
        if self.on_exchange is not None:
            self.on_exchange(answer)
        return answer

    def get(self, path: str | bytes, **options: Any) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str | bytes, **options: Any) -> Answer:
        return self.request("POST", path, **options)

    def put(self, path: str | bytes, **options: Any) -> Answer:
        return self.request("PUT", path, **options)

    def patch(self, path: str | bytes, **options: Any) -> Answer:
        return self.request("PATCH", path, **options)

    def delete(self, path: str | bytes, **options: Any) -> Answer:
        return self.request("DELETE", path, **options)

    def head(self, path: str | bytes, **options: Any) -> Answer:
        return self.request("HEAD", path, **options)

    def options(self, path: str | bytes, **options: Any) -> Answer:
        return self.request("OPTIONS", path, **options)

    def close(self) -> None:
        """Closes the connections that were kept alive."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(self, request: Request, left: Callable[[], float]) -> Answer:
        connection = self._idle_connection() or Connection(self._place)
        try:
            answer = connection.exchange(request, left=left, max_bytes=self.max_bytes)
        except BaseException:
            connection.close()
            raise
        if self.keep_alive and connection.reusable:
            with self._lock:
                self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _idle_connection(self) -> Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.renew():
                return connection
            connection.close()

    def _fields(
        self, method: str, body: bytes, kind: str | None, changes: HeaderChanges | None
    ) -> tuple[tuple[str, str], ...]:
        fields: list[tuple[str, str]] = [("Host", self._netloc), *COMMON_HEADERS]
        if kind is not None:
            fields.append(("Content-Type", kind))
        if body or method.upper() in ("POST", "PUT", "PATCH"):
            fields.append(("Content-Length", str(len(body))))
        return tuple(_changed(_changed(fields, self.headers), changes))


def _changed(fields: list[tuple[str, str]], changes: HeaderChanges | None) -> list[tuple[str, str]]:
    if not changes:
        return fields
    pairs = list(changes.items()) if isinstance(changes, Mapping) else list(changes)
    named = {name.lower() for name, _ in pairs}
    kept = [(name, value) for name, value in fields if name.lower() not in named]
    return kept + [(name, value) for name, value in pairs if value is not None]


def _body(json: Any, data: bytes | str | Mapping[str, Any] | None) -> tuple[bytes, str | None]:
    if json is not None and data is not None:
        raise ValueError("a request has either `json` or `data`")
    if json is not None:
        return _json_bytes(json), "application/json"
    if data is None:
        return b"", None
    if isinstance(data, Mapping):
        return urlencode(_pairs(data)).encode(), "application/x-www-form-urlencoded"
    return (data.encode() if isinstance(data, str) else bytes(data)), None


def _json_bytes(value: Any) -> bytes:
    try:
        return json_format.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return json_format.dumps(value, allow_nan=False).encode()


def _target(path: str | bytes, params: Params | None) -> str:
    if isinstance(path, bytes):
        target = path.decode("latin-1")
    else:
        target = quote(path.encode("utf-8", "surrogatepass"), safe=_PATH_SAFE)
    if not target.startswith("/") and target != "*":
        raise ValueError(f"a path starts with a slash, not {sanitize(str(path), one_line=True)!r}")
    query = urlencode(_pairs(params), quote_via=quote) if params else ""
    if not query:
        return target
    return f"{target}{'&' if '?' in target else '?'}{query}"


def _pairs(params: Params) -> list[tuple[str, bytes]]:
    items = params.items() if isinstance(params, Mapping) else params
    found: list[tuple[str, bytes]] = []
    for name, value in items:
        values = value if isinstance(value, list | tuple | set | frozenset) else (value,)
        found.extend((name, _parameter(one)) for one in values if one is not None)
    return found


def _parameter(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return str(value).encode("utf-8", "surrogatepass")
