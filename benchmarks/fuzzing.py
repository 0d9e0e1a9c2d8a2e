"""Coverage-guided fuzzing of what reads strangers' bytes: `python benchmarks/fuzzing.py archive|http|json SECONDS`.

Needs atheris, which is no dependency of kata: `pip install atheris`. An archive must end in a private copy or in
Rejected, an answer in an Answer or TransportFailure, a body in a value or JsonError; anything else is reported by
atheris, with the input that led there.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import atheris

from graders.escape import sanitize

with atheris.instrument_imports(include=["graders.submission.intake", "graders.http", "h11"]):
    from graders.http.client import Client, TransportFailure
    from graders.http.strict_json import JsonError, parse
    from graders.submission.intake import IntakeLimits, Rejected, take_in

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "attacks"))
import hostile_archives as hostile

LIMITS = IntakeLimits(
    archive_bytes=10**6, total_bytes=10**6, file_bytes=10**6, expanded_bytes=2 * 10**6, files=50, members=100
)
SEEDS: dict[str, list[bytes]] = {
    "archive": [
        hostile.zip_file(*hostile.ZIP_BASE, hostile.ZipMember("a/b")),
        hostile.tar_file(*hostile.TAR_BASE, hostile.pax("path", "x/y"), hostile.TarMember("z")),
        hostile.overlapping(3, 1000),
    ],
    "http": [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1;x=y\r\n{\r\n1\r\n}\r\n0\r\nA: b\r\n\r\n"
        ),
    ],
    "json": [b'{"a": [1, 2.5e3, true, null, "\\ud83d\\ude00"], "b": {"c": NaN}}'],
}


def archive(data: bytes) -> None:
    """Whatever it is, it is taken in or rejected, and nothing is written elsewhere."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        place, private = Path(folder) / "archive", Path(folder) / "private"
        place.write_bytes(data)
        private.mkdir()
        with contextlib.suppress(Rejected):
            take_in(place, private, LIMITS)
        assert {entry.name for entry in Path(folder).iterdir()} == {"archive", "private"}
        assert not any(path.is_symlink() for path in private.rglob("*"))


def answer(data: bytes) -> None:
    """A server that sends these bytes and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_serve, args=(listener, data))
        server.start()
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=5, max_bytes=100_000)
        try:
            client.get("/")
        except TransportFailure as failure:
            assert sanitize(failure.message) == failure.message
        finally:
            server.join()


def _serve(listener: socket.socket, data: bytes) -> None:
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.recv(4096)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        while connection.recv(4096):
            pass


def body(data: bytes) -> None:
    """JSON, or an error with a name."""
    with contextlib.suppress(JsonError):
        parse(data)


TARGETS: dict[str, Callable[[bytes], None]] = {"archive": archive, "http": answer, "json": body}


def main() -> None:
    """Run one target for so many seconds."""
    name, seconds = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS[name]):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", corpus], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
