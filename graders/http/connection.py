"""One HTTP/1.1 connection to a peer that is not trusted: h11 over a socket with a total deadline."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import h11

from graders.escape import sanitize
from graders.http.message import Answer, Headers, Request, TransportFailure

MAX_HEAD = 64 * 1024
MAX_INTERIM = 8
MAX_FIELDS = 256
# Chunks of one byte, each with its size and two line ends, make seven of one.
_MOST_FRAMING = 8
_CHUNK = 64 * 1024
_SNIPPET = 120
_CLOSED_EARLY = ("peer closed connection", "peer unexpectedly closed", "event type ConnectionClosed")
# The first bytes of a TLS alert and of a TLS handshake.
_TLS = (b"\x15\x03", b"\x16\x03")
_OBS_FOLD = re.compile(rb"\n[ \t]")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FRAMING = re.compile(rb"^(content-length|transfer-encoding)[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class _Received:
    """What has come of the answer so far."""

    request: Request
    max_bytes: int
    first: bytearray = field(default_factory=bytearray)
    total: int = 0
    interim: int = 0
    response: h11.Response | None = None
    body: bytearray = field(default_factory=bytearray)

    def failure(self, code: str, message: str) -> TransportFailure:
        what = f"{self.request.method} {sanitize(self.request.target, limit=200, one_line=True)}"
        snippet = sanitize(bytes(self.first[:_SNIPPET]), one_line=True)
        return TransportFailure(code, f"{what}: {message}", self.request, snippet=snippet)


class Connection:
    """A connection to (host, port), opened at its first exchange. Not for two threads at once."""

    def __init__(self, place: tuple[str, int]) -> None:
        self._place = place
        self._socket: socket.socket | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)

    @property
    def reusable(self) -> bool:
        """True where the last exchange left the connection fit for another one."""
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def renew(self) -> bool:
        """Prepares an idle connection for another exchange; False where the peer has closed it or spoken unasked."""
        if self._socket is None or not self.reusable or _readable(self._socket):
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, request: Request, *, left: Callable[[], float], max_bytes: int) -> Answer:
        """Sends `request` and reads the whole answer. Raises TransportFailure.

        `left` gives the seconds after which it is to be asked again, and 0 once the time for the answer is over.
        """
        received = _Received(request, max_bytes)
        started = time.monotonic()
        try:
            connected = self._connected(left)
            self._talk(connected, received, self._encoded(request), left)
        except TimeoutError:
            raise _too_late(received, time.monotonic() - started) from None
        except ConnectionRefusedError:
            raise received.failure("refused", "nothing listens there (connection refused)") from None
        except OSError as error:
            raise received.failure("reset", f"the connection broke: {error.strerror or error}") from None
        except h11.RemoteProtocolError as error:
            raise _malformed(received, error) from None
        return _answer(received)

    def _connected(self, left: Callable[[], float]) -> socket.socket:
        while self._socket is None:
            seconds = _some(left)
            with contextlib.suppress(TimeoutError):
                self._socket = socket.create_connection(self._place, timeout=seconds)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket.setblocking(False)
        return self._socket

    def _encoded(self, request: Request) -> bytes:
        try:
            head = self._http.send(
                h11.Request(
                    method=request.method,
                    target=request.target.encode("latin-1"),
                    headers=[
                        (name.encode("latin-1"), value.encode("utf-8"))
                        for name, value in request.headers.fields
                    ],
                )
            )
            body = self._http.send(h11.Data(data=request.body)) if request.body else b""
            end = self._http.send(h11.EndOfMessage())
        except h11.LocalProtocolError as error:
            raise ValueError(f"this request cannot be sent: {error}") from None
        return (head or b"") + (body or b"") + (end or b"")

    def _talk(
        self, connected: socket.socket, received: _Received, unsent: bytes, left: Callable[[], float]
    ) -> None:
        """Sends and receives at once: a peer may answer (413, say) before it has read everything."""
        pending = memoryview(unsent)
        poller = select.poll()
        poller.register(connected, select.POLLIN | (select.POLLOUT if pending else 0))
        while True:
            events = poller.poll(max(1.0, _some(left) * 1000))
            if not events:
                continue
            if pending and events[0][1] & select.POLLOUT:
                pending = pending[_sent(connected, pending) :]
                if not pending:
                    poller.modify(connected, select.POLLIN)
            if events[0][1] & ~select.POLLOUT and self._receive(connected, received):
                return

    def _receive(self, connected: socket.socket, received: _Received) -> bool:
        """Reads what is there; True once the answer is whole."""
        try:
            data = connected.recv(_CHUNK)
        except BlockingIOError:
            return False
        if not data and not received.total:
            raise received.failure("closed", "the connection was closed without an answer")
        received.total += len(data)
        if received.total > MAX_HEAD * (MAX_INTERIM + 2) + received.max_bytes * _MOST_FRAMING:
            raise received.failure(
                "too-large", "the answer is mostly framing: chunk extensions or interim answers"
            )
        if len(received.first) < MAX_HEAD:
            received.first += data
        self._http.receive_data(data)
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                return False
            if self._took(event, received):
                self._must_be_silent(connected, received)
                return True

    def _took(self, event: object, received: _Received) -> bool:
        if event is h11.PAUSED:
            raise received.failure("switched-protocols", "the service switched to another protocol")
        if isinstance(event, h11.InformationalResponse):
            received.interim += 1
            if received.interim > MAX_INTERIM:
                raise received.failure(
                    "too-many-interim", f"more than {MAX_INTERIM} interim (1xx) answers came"
                )
        elif isinstance(event, h11.Response):
            received.response = event
            _check_head(received)
        elif isinstance(event, h11.Data):
            if len(received.body) + len(event.data) > received.max_bytes:
                raise _too_large(received)
            received.body += event.data
        return isinstance(event, h11.EndOfMessage)

    def _must_be_silent(self, connected: socket.socket, received: _Received) -> None:
        """Bytes behind the answer would be taken for the answer to the next request."""
        rest = self._http.trailing_data[0]
        if not rest and _readable(connected):
            try:
                rest = connected.recv(_CHUNK)
            except OSError:
                rest = b""
            if not rest:
                self._http.receive_data(b"")
                self._http.next_event()
        if rest:
            text = sanitize(rest[:_SNIPPET], one_line=True)
            raise received.failure("unsolicited-bytes", f"bytes came behind the end of the answer: `{text}`")


def _readable(connected: socket.socket) -> bool:
    poller = select.poll()
    poller.register(connected, select.POLLIN)
    return bool(poller.poll(0))


def _sent(connected: socket.socket, pending: memoryview) -> int:
    try:
        return connected.send(pending)
    except BlockingIOError:
        return 0
    except (BrokenPipeError, ConnectionResetError):
        # The peer has stopped reading; it may have answered before that.
        return len(pending)


def countdown(seconds: float) -> Callable[[], float]:
    """For `exchange`: so many seconds from now, and not one more."""
    until = time.monotonic() + seconds
    return lambda: until - time.monotonic()


def _some(left: Callable[[], float]) -> float:
    seconds = left()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _check_head(received: _Received) -> None:
    """Framing that two readers could read differently, which h11 lets pass."""
    response = received.response
    assert response is not None
    head = _final_head(received)
    names = [match.group(1).lower() for match in _FRAMING.finditer(head)]
    if len(names) > 1:
        same = len(set(names)) == 1
        which = f"{names[0].decode().title()} twice" if same else "both Content-Length and Transfer-Encoding"
        raise received.failure("malformed-http", f"the answer has {which}")
    if _OBS_FOLD.search(head):
        raise received.failure("malformed-http", "a header line of the answer is folded over two lines")
    if len(response.headers) > MAX_FIELDS:
        raise received.failure("too-large", f"the answer has more than {MAX_FIELDS} header fields")
    for name, value in response.headers:
        if (
            name == b"content-length"
            and int(value) > received.max_bytes
            and received.request.method != "HEAD"
        ):
            raise _too_large(received, int(value))


def _final_head(received: _Received) -> bytes:
    """The head of the final answer, as it came; interim answers, which have no bodies, may precede it."""
    heads = _HEAD_END.split(bytes(received.first), maxsplit=received.interim + 1)
    if len(heads) < received.interim + 2:
        raise received.failure("too-large", f"the heads of the answer are larger than {MAX_HEAD // 1024} KB")
    return heads[received.interim]


def _too_large(received: _Received, announced: int = 0) -> TransportFailure:
    more = f"announces {announced} bytes; " if announced else "has "
    return received.failure(
        "too-large", f"the answer {more}more than {received.max_bytes} bytes are not read"
    )


def _too_late(received: _Received, seconds: float) -> TransportFailure:
    if not received.total:
        return received.failure("no-answer", f"not one byte of an answer came within {seconds:.1f} s")
    return received.failure(
        "too-slow", f"the answer was not complete after {seconds:.1f} s ({received.total} bytes had come)"
    )


def _malformed(received: _Received, error: h11.RemoteProtocolError) -> TransportFailure:
    http = bytes(received.first[:5]) == b"HTTP/"[: len(received.first)]
    if http and any(sign in str(error) for sign in _CLOSED_EARLY):
        return received.failure("cut-off", "the connection was closed in the middle of the answer")
    if "Receive buffer too long" in str(error):
        return received.failure("too-large", f"the head of the answer is larger than {MAX_HEAD // 1024} KB")
    return received.failure("malformed-http", _not_http(received, error, http))


def _not_http(received: _Received, error: h11.RemoteProtocolError, http: bool) -> str:
    start = sanitize(bytes(received.first[:_SNIPPET]), one_line=True)
    if bytes(received.first[:2]) in _TLS:
        return f"what came back is TLS, not plain HTTP; it starts with `{start}`"
    if not http:
        return f"what came back is not HTTP; it starts with `{start}`"
    reason = sanitize(str(error), limit=200, one_line=True)
    return f"what came back is not well-formed HTTP: {reason}; it starts with `{start}`"


def _answer(received: _Received) -> Answer:
    response = received.response
    assert response is not None
    fields = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw_items()
    ]
    return Answer(
        status=response.status_code,
        headers=Headers(fields),
        body=bytes(received.body),
        request=received.request,
        reason=response.reason.decode("latin-1"),
    )
