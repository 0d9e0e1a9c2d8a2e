"""A small reverse proxy before the service, with a recording window for each request, or for those that overlap."""

from __future__ import annotations

import errno
import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from graders.errors import UsageError
from graders.logs.recorder import Recorder
from graders.sql.activity.recording import Recording
from graders.sql.text.fingerprint import shape_of

HOST = "127.0.0.1"
PREFERRED_PORT = 8000
_ANSWER_SECONDS = 60.0
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
class Overlap:
    """Requests that overlapped (most often a single one), and what they cost together.

    `repeated`: a statement that came at least three times for each request, and how often; None if there is none.
    """

    exchanges: tuple[Exchange, ...]
    statements: int
    rows: int
    repeated: tuple[int, str] | None


@contextmanager
def recording_proxy(
    upstream_port: int,
    recorder: Recorder,
    on_overlap: Callable[[Overlap], None],
    *,
    port: int | None = None,
) -> Iterator[str]:
    """The base URL of a proxy that passes everything on to `upstream_port` and tells of each overlap when it is gone.

    `port` None: 8000 if that is free, else any. Raises UsageError where the wished port is taken.
    """
    server = _bound(port)
    server.daemon_threads = True
    server.front = _ProxyServer(upstream_port, recorder, on_overlap)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    front: _ProxyServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nobody's business."""


def _bound(port: int | None) -> _Server:
    for wished in (port,) if port is not None else (PREFERRED_PORT, 0):
        try:
            return _Server((HOST, wished), _Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise UsageError(f"port {port} is taken", hint="choose another one with --port, or leave it out")


class _ProxyServer:
    """Who is under way. Windows of requests that overlap would show each other's statements, so they share one."""

    def __init__(self, upstream_port: int, recorder: Recorder, on_overlap: Callable[[Overlap], None]) -> None:
        self.upstream_port = upstream_port
        self._recorder = recorder
        self._on_crowd = on_overlap
        self._changed = threading.Condition()
        self._under_way = 0
        self._done: list[Exchange] = []
        self._window = ExitStack()
        self._recording = Recording("")

    def come(self, label: str) -> None:
        """A request is about to be passed on; where a overlap has grown too large, it waits until that is gone."""
        with self._changed:
            while self._under_way + len(self._done) >= _MOST_TOGETHER:
                self._changed.wait()
            if not self._under_way:
                self._recording = self._window.enter_context(self._recorder.window(label))
            self._under_way += 1

    def go(self, exchange: Exchange) -> None:
        """It has been answered. The last one of a overlap closes the window and tells of all."""
        with self._changed:
            self._under_way -= 1
            self._done.append(exchange)
            if self._under_way:
                return
            exchanges, self._done = tuple(self._done), []
            try:
                self._window.close()
                self._on_crowd(_crowd(exchanges, self._recording))
            finally:
                self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_any(self) -> None:
        body = self._read_body()
        front = self.server.front
        answer: _Answer | None = None
        front.come(self.path)
        started = time.perf_counter()
        try:
            answer = self._ask(body)
        except (OSError, http.client.HTTPException):
            answer = None
        finally:
            seconds = time.perf_counter() - started
            front.go(Exchange(self.command, self.path, answer.status if answer else 0, seconds))
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

    def _ask(self, body: bytes) -> _Answer:
        connection = http.client.HTTPConnection(
            HOST, self.server.front.upstream_port, timeout=_ANSWER_SECONDS
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
            return _Answer(
                response.status, response.reason, response.getheaders(), response.read(_MOST_BYTES)
            )
        finally:
            connection.close()

    def _reply(self, answer: _Answer | None) -> None:
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


def _crowd(exchanges: tuple[Exchange, ...], recording: Recording) -> Overlap:
    repeated = repeated_shape(recording, _REPEATED * len(exchanges))
    return Overlap(exchanges, recording.statements, recording.rows_sent, repeated)


def repeated_shape(recording: Recording, least: int = _REPEATED) -> tuple[int, str] | None:
    """The shape that most statements of a recording share, and how many, if these are at least so many."""
    texts: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for statement in (*recording.work, *recording.nested):
        shape = shape_of(statement).fingerprint
        texts.setdefault(shape, statement.text)
        counts[shape] += 1
    if not counts:
        return None
    shape, times = counts.most_common(1)[0]
    return (times, texts[shape]) if times >= least else None
