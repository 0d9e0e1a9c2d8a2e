"""A small reverse proxy before the service, with a recording window for each request, or for those that overlap."""

from __future__ import annotations

import errno
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from graders.errors import UsageError
from graders.grading.address import HOST, PREFERRED_PORT, address_of
from graders.logs.recorder import Recorder
from graders.sql.activity.recording import Recording
from graders.sql.plans.costs import rows_sent
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of

_ANSWER_SECONDS = 60.0
_DRAIN_SECONDS = 3.0
_MOST_BYTES = 64 * 1024 * 1024
# Hop-by-hop (RFC 9110, 7.6.1), and what this proxy says itself.
_NOT_PASSED_ON = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
}
_REPEATED = 3
_MOST_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that went through: `status` 0 where the service gave no answer, `seconds` until it was complete."""

    method: str
    path: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StatementGroup:
    """Statements of one shape: the text of the first, how often they came, and the rows that they returned."""

    text: str
    times: int
    rows: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Requests that overlapped (most often a single one), and what they cost together.

    `groups`: the statements by their shape, the most frequent first.
    """

    exchanges: tuple[Exchange, ...]
    statements: int
    rows: int
    groups: tuple[StatementGroup, ...]

    @property
    def repeated(self) -> tuple[StatementGroup, ...]:
        """The shapes that came at least three times for each request."""
        least = _REPEATED * len(self.exchanges)
        return tuple(group for group in self.groups if group.times >= least)


@contextmanager
def recording_proxy(
    upstream_port: int,
    recorder: Recorder,
    on_overlap: Callable[[Overlap], None],
    *,
    port: int | None = None,
) -> Iterator[RecordingProxy]:
    """A proxy that passes everything on to `upstream_port` and reports each overlap when its last request is answered.

    `port` None: 8000 if that is free, else any. Raises UsageError where that port is taken.
    """
    server = _bound(port)
    server.daemon_threads = True
    server.traffic = _Traffic(upstream_port, recorder, on_overlap)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield RecordingProxy(server)
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    traffic: _Traffic

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nobody's business."""


class RecordingProxy:
    """A running proxy: where it listens, and a way to keep requests waiting while the service restarts."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.port = int(server.server_address[1])

    @property
    def base_url(self) -> str:
        return address_of(self.port)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Requests that come during the block wait for its end.

        It begins when the service has answered those that it has, at the latest after a few seconds.
        """
        traffic = self._server.traffic
        traffic.hold()
        try:
            yield
        finally:
            traffic.let_go()


def _bound(port: int | None) -> _Server:
    for wanted in (port,) if port is not None else (PREFERRED_PORT, 0):
        try:
            return _Server((HOST, wanted), _Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise UsageError(f"port {port} is taken", hint="choose another one with --port, or leave it out")


class _Traffic:
    """Who is under way. Windows of requests that overlap would show each other's statements, so they share one."""

    def __init__(self, upstream_port: int, recorder: Recorder, on_overlap: Callable[[Overlap], None]) -> None:
        self.upstream_port = upstream_port
        self._recorder = recorder
        self._on_overlap = on_overlap
        self._changed = threading.Condition()
        self._under_way = 0
        self._held = False
        self._done: list[Exchange] = []
        self._window = ExitStack()
        self._recording = Recording("")

    def hold(self) -> None:
        """Let no further request pass; returns once none is under way, or after a while."""
        with self._changed:
            self._held = True
            self._changed.wait_for(lambda: not self._under_way, timeout=_DRAIN_SECONDS)

    def let_go(self) -> None:
        """Let requests pass again."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def come(self, label: str) -> None:
        """A request is about to be passed on; it waits while requests are held, and where an overlap has grown too
        large until that one is over."""
        with self._changed:
            while self._held or self._under_way + len(self._done) >= _MOST_TOGETHER:
                self._changed.wait()
            if not self._under_way:
                self._recording = self._window.enter_context(self._recorder.window(label))
            self._under_way += 1

    def go(self, exchange: Exchange) -> None:
        """It has been answered. The last one of an overlap closes the window and reports all of them."""
        with self._changed:
            self._under_way -= 1
            self._done.append(exchange)
            self._changed.notify_all()
            if self._under_way:
                return
            exchanges, self._done = tuple(self._done), []
            try:
                self._window.close()
                self._on_overlap(_overlap(exchanges, self._recording))
            finally:
                self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class _PassedOn:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_any(self) -> None:
        body = self._read_body()
        traffic = self.server.traffic
        answer: _PassedOn | None = None
        traffic.come(self.path)
        started = time.perf_counter()
        try:
            answer = self._ask(body)
        except (OSError, http.client.HTTPException):
            answer = None
        finally:
            seconds = time.perf_counter() - started
            traffic.go(Exchange(self.command, self.path, answer.status if answer else 0, seconds))
        self._reply(answer)

    def __getattr__(self, name: str) -> Any:
        # Which methods there are is the service's to say.
        if name.startswith("do_"):
            return self.do_any
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _MOST_BYTES))

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline(100).split(b";")[0].strip() or b"0", 16):
            body += self.rfile.read(min(size, _MOST_BYTES))
            self.rfile.readline(100)
        while self.rfile.readline(65_536).strip():
            pass
        return bytes(body)

    def _ask(self, body: bytes) -> _PassedOn:
        connection = http.client.HTTPConnection(
            HOST, self.server.traffic.upstream_port, timeout=_ANSWER_SECONDS
        )
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _NOT_PASSED_ON and name.lower() != "content-length":
                    connection.putheader(name, value)
            if body or self.command in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body)))
            connection.putheader("Connection", "close")
            connection.endheaders(body or None)
            response = connection.getresponse()
            return _PassedOn(
                response.status, response.reason, response.getheaders(), response.read(_MOST_BYTES)
            )
        finally:
            connection.close()

    def _reply(self, answer: _PassedOn | None) -> None:
        if answer is None:
            self.send_error(502, "The service gave no answer", "kata serve: see its output above.")
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers:
            if name.lower() not in _NOT_PASSED_ON and name.lower() != "content-length":
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or answer.status in (204, 304)
        if not bodiless:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(answer.body)


def _overlap(exchanges: tuple[Exchange, ...], recording: Recording) -> Overlap:
    return Overlap(exchanges, recording.statements, recording.rows_sent, statement_groups(recording))


def statement_groups(recording: Recording) -> tuple[StatementGroup, ...]:
    """The work of a recording by shape, statements inside functions and triggers included; the most frequent first."""
    shapes: dict[str, list[Statement]] = {}
    for statement in (*recording.work, *recording.nested):
        shapes.setdefault(shape_of(statement).fingerprint, []).append(statement)
    groups = (
        StatementGroup(alike[0].text, len(alike), sum(rows_sent(one) for one in alike))
        for alike in shapes.values()
    )
    return tuple(sorted(groups, key=lambda group: -group.times))
