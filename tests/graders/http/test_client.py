"""The HTTP client against servers that are wrong, slow or hostile on purpose."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from graders.http.client import Answer, AnswerError, Client, Headers, Request, TransportFailure

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Script = Callable[[socket.socket], None]


class Peer:
    """A server that answers every connection with a script, and keeps what it was sent."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.heads: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while head := self.read_head(connection):
                self.heads.append(head)
                self._script(connection)

    def read_head(self, connection: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                return b""
            head += data
        return head

    def close(self) -> None:
        # Wakes the thread that accepts, which closing alone does not.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for connection in self._open:
            connection.close()


@contextmanager
def peer(script: Script | bytes) -> Iterator[Peer]:
    made = Peer((lambda connection: connection.sendall(script)) if isinstance(script, bytes) else script)
    try:
        yield made
    finally:
        made.close()


def then_close(data: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return script


def endlessly(start: bytes, piece: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece)

    return script


def drip(data: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        pause = threading.Event()
        for byte in data:
            connection.sendall(bytes([byte]))
            pause.wait(0.02)

    return script


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def failure(script: Script | bytes, **options: Any) -> TransportFailure:
    with peer(script) as server, pytest.raises(TransportFailure) as caught:
        Client(server.url, **{"deadline": 30.0, **options}).get("/orders")
    return caught.value


HEAD = b"HTTP/1.1 200 OK\r\n"
HOSTILE: dict[str, tuple[Script | bytes, str]] = {
    "closes without a byte": (then_close(b""), "closed"),
    "closes in the head": (then_close(b"HTTP/1.1 200 OK\r\nContent-"), "cut-off"),
    "closes in the body": (then_close(HEAD + b"Content-Length: 10\r\n\r\nabc"), "cut-off"),
    "closes in a chunk": (then_close(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"), "cut-off"),
    "closes after 103": (then_close(b"HTTP/1.1 103 Early Hints\r\n\r\n"), "cut-off"),
    "resets": (reset, "reset"),
    "TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), "malformed-http"),
    "HTTP/2 settings": (
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\r\n\r\n",
        "malformed-http",
    ),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "malformed-http"),
    "SSH banner": (then_close(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "malformed-http"),
    "plain text": (b"hello there\r\n\r\n", "malformed-http"),
    "HTTP/0.9": (then_close(b"<html>hello</html>"), "malformed-http"),
    "escape sequences": (b"\x1b]52;c;aGk=\x07 200\r\n\r\n", "malformed-http"),
    "NUL in a header": (HEAD + b"X-A: a\x00b\r\nContent-Length: 0\r\n\r\n", "malformed-http"),
    "no colon in a header": (HEAD + b"nonsense\r\nContent-Length: 0\r\n\r\n", "malformed-http"),
    "folded header": (HEAD + b"X-A: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", "malformed-http"),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "malformed-http"),
    "two different lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "malformed-http"),
    "length and chunked": (
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "malformed-http",
    ),
    "two lengths after an interim answer": (
        b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
        + HEAD
        + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "malformed-http",
    ),
    "chunked twice": (
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "malformed-http",
    ),
    "negative length": (HEAD + b"Content-Length: -1\r\n\r\n", "malformed-http"),
    "length of 30 digits": (HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", "malformed-http"),
    "length of 8e9": (HEAD + b"Content-Length: 8000000000\r\n\r\n", "too-large"),
    "gzip transfer": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "malformed-http"),
    "chunk size of nonsense": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed-http"),
    "giant chunk extension": (
        endlessly(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;x=", b"y" * 4096),
        "too-large",
    ),
    "endless chunks": (
        endlessly(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"a" * 4096 + b"\r\n"),
        "too-large",
    ),
    "mostly chunk extensions": (
        endlessly(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 60_000 + b"\r\na\r\n"),
        "too-large",
    ),
    "ten thousand cookies": (
        then_close(
            HEAD + b"Set-Cookie: a=b; Domain=example.org\r\n" * 10_000 + b"Content-Length: 2\r\n\r\n{}"
        ),
        "too-large",
    ),
    "more fields than anybody sends": (
        HEAD + b"A: b\r\n" * 300 + b"Content-Length: 2\r\n\r\n{}",
        "too-large",
    ),
    "interim answers of large heads": (
        then_close((b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * 60_000 + b"\r\n\r\n") * 3 + OK),
        "too-large",
    ),
    "endless trailers": (
        endlessly(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 500),
        "too-large",
    ),
    "endless body to the close": (endlessly(b"HTTP/1.0 200 OK\r\n\r\n", b"a" * 65536), "too-large"),
    "one endless header": (endlessly(HEAD + b"X-A: ", b"a" * 65536), "too-large"),
    "endless headers": (endlessly(HEAD, b"X-A: b\r\n" * 1000), "too-large"),
    "endless 100 Continue": (endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10), "too-many-interim"),
    "endless 103": (endlessly(b"", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"), "too-many-interim"),
    "switches protocols": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        "malformed-http",
    ),
    "two answers": (OK + OK, "unsolicited-bytes"),
    "bytes behind the answer": (OK + b"x", "unsolicited-bytes"),
    "bytes behind a 204": (b"HTTP/1.1 204 No Content\r\n\r\n{}", "unsolicited-bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_a_failure_with_a_name(name: str) -> None:
    script, code = HOSTILE[name]
    found = failure(script, max_bytes=1_000_000)
    assert found.code == code, found.message
    assert found.message.startswith("GET /orders: ")
    assert "\x1b" not in found.message + found.snippet
    assert found.curl.startswith("curl -i ")


SLOW: dict[str, tuple[Script | bytes, str]] = {
    "says nothing": (b"", "no-answer"),
    "drips the head": (drip(HEAD + b"X-A: " + b"a" * 10_000), "too-slow"),
    "drips the body": (drip(HEAD + b"Content-Length: 10000\r\n\r\n" + b"a" * 10_000), "too-slow"),
    "stops in the body": (HEAD + b"Content-Length: 3\r\n\r\nab", "too-slow"),
    "promises to close, and does not": (b"HTTP/1.0 200 OK\r\n\r\nab", "too-slow"),
}


@pytest.mark.parametrize("name", SLOW)
def test_the_deadline_is_for_the_whole_exchange(name: str) -> None:
    script, code = SLOW[name]
    assert failure(script, deadline=0.3).code == code


def test_a_server_that_never_accepts_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=0.3)
        with pytest.raises(TransportFailure) as caught:
            client.get("/")
    assert caught.value.code == "no-answer"


def test_a_port_where_nothing_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # Bound but not listening: nobody else can take the port until then.
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        with pytest.raises(TransportFailure) as caught:
            Client(f"http://127.0.0.1:{port}").get("/")
    assert caught.value.code == "refused"


TOLERATED: dict[str, bytes] = {
    "length": OK,
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;ext=1\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n",
    "interim answers": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 8 + OK,
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",
    "line feeds only": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "framing words in the body": HEAD + b"Content-Length: 37\r\n\r\n\nContent-Length: 1\nContent-Length: 2\n",
}


@pytest.mark.parametrize("name", TOLERATED)
def test_a_well_formed_answer_is_read(name: str) -> None:
    with peer(TOLERATED[name]) as server:
        assert Client(server.url).get("/").status == 200


def test_an_answer_up_to_the_close_is_read() -> None:
    with peer(then_close(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello")) as server:
        assert Client(server.url).get("/").body == b"hello"


def test_a_head_request_has_no_body_whatever_its_length_says() -> None:
    with peer(HEAD + b"Content-Length: 8000000000\r\n\r\n") as server:
        assert Client(server.url).head("/").headers["content-length"] == "8000000000"


def test_an_answer_that_comes_before_the_body_was_read_is_seen() -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        threading.Event().wait(0.2)

    with peer(script) as server:
        assert Client(server.url, deadline=30).post("/", data=b"x" * 30_000_000).status == 413


def test_redirects_are_not_followed() -> None:
    with peer(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:5432/\r\nContent-Length: 0\r\n\r\n"
    ) as server:
        answer = Client(server.url).get("/")
        assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:5432/")


def test_nothing_is_decompressed() -> None:
    with peer(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00") as server:
        assert Client(server.url).get("/").body == b"\x1f\x8b\x08\x00"
        assert b"Accept-Encoding: identity\r\n" in server.heads[0]


def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with peer(OK) as server:
        assert Client(server.url).get("/").status == 200


def test_headers_can_be_replaced_removed_and_repeated() -> None:
    with peer(OK) as server:
        client = Client(server.url, headers={"Authorization": "Bearer a"})
        client.get("/", headers={"Accept": None, "user-agent": "me", "X-Empty": ""})
        client.get("/", headers=[("Accept", "a"), ("Accept", "b"), ("Authorization", "Bearer b")])
        first, second = (head.decode() for head in server.heads)
    assert "Accept:" not in first
    assert "user-agent: me\r\n" in first
    assert "Bearer a" in first
    assert "Accept: a\r\nAccept: b\r\n" in second
    assert "Bearer a" not in second


PATHS: list[tuple[str | bytes, dict[str, Any] | list[tuple[str, Any]] | None, str]] = [
    ("/orders", None, "/orders"),
    ("/orders/ü €", None, "/orders/%C3%BC%20%E2%82%AC"),
    ("/a%20b%zz", None, "/a%20b%zz"),
    ("/a?b=c", {"d": "e f"}, "/a?b=c&d=e%20f"),
    ("/a", {"b": [1, 2], "c": None, "d": True, "e": "&=+/"}, "/a?b=1&b=2&d=true&e=%26%3D%2B%2F"),
    ("/a", [("b", "1"), ("b", "2")], "/a?b=1&b=2"),
    ('/"<>\\^`{|}\x01', None, "/%22%3C%3E%5C%5E%60%7B%7C%7D%01"),
    (b'/raw"<\xff>', None, '/raw"<ÿ>'),
    ("/../../etc", None, "/../../etc"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "params", "target"), PATHS[:7] + PATHS[8:])
def test_paths_and_parameters_are_encoded_where_they_must_be(path: Any, params: Any, target: str) -> None:
    with peer(OK) as server:
        answer = Client(server.url).get(path, params=params)
        assert server.heads[0].split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()
        assert answer.request.target == target


def test_a_raw_path_goes_out_as_it_is() -> None:
    with peer(OK) as server:
        Client(server.url).get(b'/raw"<>{}')
        assert server.heads[0].startswith(b'GET /raw"<>{} HTTP/1.1\r\n')
        for impossible in (b"/with space", b"/line\r\nX: y", "no slash"):
            with pytest.raises(ValueError, match=r"cannot be sent|starts with a slash"):
                Client(server.url).get(impossible)


def test_bodies_are_sent_as_json_form_or_bytes() -> None:
    with peer(OK) as server:
        client = Client(server.url)
        client.post("/", json={"name": "ü", "broken": "\ud800"})
        client.post("/", data={"a": "b c", "d": [1, 2]})
        client.post("/", data=b"\x00\xff", headers={"Content-Type": "application/octet-stream"})
        client.post("/")
        bodies = [head.partition(b"\r\n\r\n")[2] for head in server.heads]
        heads = [head.partition(b"\r\n\r\n")[0] for head in server.heads]
    assert json.loads(bodies[0]) == {"name": "ü", "broken": "\ud800"}
    assert b"Content-Type: application/json" in heads[0]
    assert bodies[1] == b"a=b+c&d=1&d=2"
    assert bodies[2] == b"\x00\xff"
    assert b"Content-Length: 0" in heads[3]
    assert b"Content-Type" not in heads[3]


def test_every_exchange_is_heard_of() -> None:
    heard: list[Answer | TransportFailure] = []
    with peer(OK) as server:
        Client(server.url, on_exchange=heard.append).get("/")
    with suppress(TransportFailure):
        Client(server.url, on_exchange=heard.append).get("/")
    assert isinstance(heard[0], Answer)
    assert isinstance(heard[1], TransportFailure)


def test_each_request_has_its_own_connection_unless_asked_otherwise() -> None:
    connections: list[socket.socket] = []

    def script(connection: socket.socket) -> None:
        connections.append(connection)
        connection.sendall(OK)

    with peer(script) as server:
        fresh = Client(server.url)
        fresh.get("/")
        fresh.get("/")
        assert connections[0] is not connections[1]
        kept = Client(server.url, keep_alive=True)
        kept.get("/")
        kept.get("/")
        assert connections[2] is connections[3]
        kept.close()


def test_a_kept_connection_that_the_server_closed_is_replaced() -> None:
    closed = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(OK)
        if not closed.is_set():
            connection.shutdown(socket.SHUT_RDWR)
            closed.set()

    with peer(script) as server:
        client = Client(server.url, keep_alive=True)
        client.get("/")
        closed.wait(30)
        assert client.get("/").status == 200
        client.close()


# -- headers, JSON, curl ------------------------------------------------------------------------------------------


def test_headers_are_found_in_any_case() -> None:
    headers = Headers([("Link", "a"), ("link", "b"), ("ETag", "x")])
    assert headers["LINK"] == "a, b"
    assert headers.get_all("Link") == ["a", "b"]
    assert headers.get("nothing") is None
    assert "etag" in headers
    assert len(headers) == 2


def answer_with(body: bytes) -> Answer:
    return Answer(200, Headers(), body, Request("GET", "http://127.0.0.1:1", "/x", Headers()))


BAD_JSON: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty-body"),
    "blanks": (b" \n", "empty-body"),
    "text": (b"ok", "not-json"),
    "single quotes": (b"{'a': 1}", "not-json"),
    "trailing comma": (b"[1,]", "not-json"),
    "two values": (b"{} {}", "not-json"),
    "NaN": (b'{"a": NaN}', "not-a-number"),
    "Infinity": (b"[Infinity]", "not-a-number"),
    "minus Infinity": (b"[-Infinity]", "not-a-number"),
    "1e999": (b"[1e999]", "number-too-large"),
    "5000 digits": (b"1" * 5000, "number-too-large"),
    "a name twice": (b'{"a": 1, "a": 2}', "duplicate-key"),
    "a name twice, deep": (b'[{"b": {"a": 1, "\\u0061": 2}}]', "duplicate-key"),
    "UTF-8 mark": (b"\xef\xbb\xbf{}", "byte-order-mark"),
    "UTF-16": ("{}".encode("utf-16"), "byte-order-mark"),
    "latin-1": ('"ü"'.encode("latin-1"), "not-utf-8"),
    "raw surrogate": (b'"\xed\xa0\x80"', "not-utf-8"),
    "lone surrogate": (b'["\\ud800"]', "lone-surrogate"),
    "200 000 levels": (b"[" * 200_000, "too-deep"),
    "200 000 levels, closed": (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "too-deep"),
    "quotes without an end": (b"[" * 300 + b'"' + b'\\"' * 200_000, "too-deep"),
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_a_body_that_is_no_strict_json_is_a_named_error(name: str) -> None:
    body, code = BAD_JSON[name]
    with pytest.raises(AnswerError) as caught:
        answer_with(body).json()
    assert caught.value.code == code
    assert "GET /x" in caught.value.message
    assert len(caught.value.message) < 300


def test_strict_json_is_read_as_it_stands() -> None:
    body = b'{"a": [1, 2.5, true, null], "b": "\\ud83d\\ude00[[", "c": 123456789012345678901234567890}'
    expected = {"a": [1, 2.5, True, None], "b": "\U0001f600[[", "c": 123456789012345678901234567890}
    assert answer_with(body).json() == expected
    flat = b"[" + b'"[{", ' * 1000 + b"[]]"
    assert len(answer_with(flat).json()) == 1001


def test_a_control_character_in_an_error_is_escaped() -> None:
    with pytest.raises(AnswerError) as caught:
        answer_with(b"\x1b[2J{").json()
    assert "\x1b" not in caught.value.message
    assert "\\x1b" in caught.value.message


CURLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/orders", {"params": {"limit": 20, "q": "it's"}}),
    ("GET", "/a[1]{2}", {}),
    ("GET", "/../x/./y", {}),
    ("DELETE", "/orders/1", {}),
    ("POST", "/orders", {"json": {"name": "O'Neill \"x\" $HOME `id` ü\n"}}),
    ("POST", "/orders", {}),
    ("PUT", "/orders", {"data": "@/etc/passwd"}),
    ("PATCH", "/orders", {"data": b"raw", "headers": {"Accept": None, "User-Agent": None}}),
    ("POST", "/orders", {"data": b"\x1b[2J'\\", "headers": {"Content-Type": "text/plain", "X-Empty": ""}}),
    ("POST", "/orders", {"data": b"a\x00b'%s\\n"}),
    ("POST", "/orders", {"data": {"a": "b"}, "headers": {"Authorization": "Bearer x'y"}}),
]  # fmt: skip


@pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("bash") is None, reason="curl and bash are needed"
)
@pytest.mark.parametrize(("method", "path", "options"), CURLS)
def test_the_curl_line_sends_the_same_request(method: str, path: str, options: dict[str, Any]) -> None:
    with peer(OK) as server:
        answer = Client(server.url).request(method, path, **options)
        line = answer.curl
        subprocess.run(["bash", "-c", line], check=True, capture_output=True, timeout=30)
        ours, theirs = server.heads
    assert comparable(theirs) == comparable(ours), line


def comparable(head: bytes) -> tuple[bytes, list[bytes], bytes]:
    start, _, body = head.partition(b"\r\n\r\n")
    first, *fields = start.split(b"\r\n")
    own = (b"user-agent: curl", b"accept-encoding", b"content-length: 0")
    return first, sorted(field.rstrip() for field in fields if not field.lower().startswith(own)), body


def test_a_usual_curl_line_is_short() -> None:
    with peer(OK) as server:
        answer = Client(server.url).get("/orders", params={"limit": 20})
        assert (
            answer.curl
            == f"curl -i -H 'Accept: application/json' {shlex.quote(server.url + '/orders?limit=20')}"
        )


def test_cookies_are_not_sent_back() -> None:
    with peer(HEAD + b"Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}") as server:
        client = Client(server.url)
        assert client.get("/").headers["set-cookie"] == "a=b"
        client.get("/")
    assert len(server.heads) == 2 and not any(b"ookie" in head for head in server.heads)


def test_requests_are_the_same_each_time_and_name_no_grader() -> None:
    with peer(OK) as server:
        for _ in range(2):
            Client(server.url).get("/orders", params={"limit": 1})
    assert server.heads[0] == server.heads[1]
    host = server.url.removeprefix("http://")
    assert server.heads[0].decode() == (
        f"GET /orders?limit=1 HTTP/1.1\r\nHost: {host}\r\nUser-Agent: curl/8.5.0\r\nAccept: application/json\r\n"
        "Accept-Encoding: identity\r\n\r\n"
    )


def test_an_answer_that_comes_unasked_on_a_kept_connection_is_never_taken_for_the_next_one() -> None:
    sent = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(OK)
        if not sent.is_set():
            connection.sendall(HEAD + b"Content-Length: 6\r\n\r\npoison")
            sent.set()

    with peer(script) as server:
        client = Client(server.url, keep_alive=True)
        with suppress(TransportFailure):
            assert client.get("/").body == b"{}"
        sent.wait()
        assert client.get("/").body == b"{}"
        client.close()


def test_a_name_that_is_there_twice_among_very_many_is_found_at_once() -> None:
    body = b"{" + b",".join(b'"%d":0' % number for number in range(300_000)) + b',"7":0}'
    with pytest.raises(AnswerError, match="the name `7`"):
        answer_with(body).json()
