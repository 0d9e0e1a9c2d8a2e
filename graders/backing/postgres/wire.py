"""The wire: the one way from a submission to its PostgreSQL, on which the grader counts what crosses.

What PostgreSQL's log cannot show (rows of SHOW, CALL, COPY or notices, settings that report themselves) is seen here,
for every driver and without asking the database anything. The service cannot distinguish it from a server.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from graders.backing.postgres.wire_messages import Tally
from graders.backing.postgres.wire_session import WireSession
from graders.errors import DatabaseError
from graders.logs.wire_meter import Crossed
from graders.sandbox.ports import free_port

_HOST = "127.0.0.1"
_SECONDS = 20.0
# How often the space that the cluster takes is looked at.
_WATCH_SECONDS = 0.5
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class WirePlace:
    """Where another process reaches the meter. `token`: what it has to say first."""

    port: int
    token: str = field(repr=False)


class Wire:
    """A listener before a server, in a thread of its own; `open_wire` makes it.

    `over_quota`: why the cluster's sessions were ended for good, "" while they are not.
    """

    def __init__(self, upstream: tuple[str, int], over_quota: Callable[[], str]) -> None:
        self.port, self.place = free_port(), WirePlace(free_port(), secrets.token_hex(16))
        self.over_quota = ""
        self._over_quota = over_quota
        self._upstream = upstream
        self._tally = Tally()
        self._sessions: dict[WireSession, asyncio.Task[Any]] = {}
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)

    def url_for(self, database_url: str) -> str:
        """`database_url` with this wire's address in it."""
        parts = urlsplit(database_url)
        account = parts.netloc.rpartition("@")[0]
        place = f"{_HOST}:{self.port}"
        return urlunsplit(parts._replace(netloc=f"{account}@{place}" if account else place))

    def start(self) -> None:
        """Listens. Raises DatabaseError."""
        self._thread.start()
        self._started.wait(_SECONDS)
        if self._error is not None or not self._started.is_set():
            raise DatabaseError(
                f"the grader could not listen before PostgreSQL: {self._error}", hint="Run the command again."
            )

    def close(self) -> None:
        """Ends every session, and listens no more."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        try:
            listener = await asyncio.start_server(self._accept, _HOST, self.port, reuse_address=True)
            control = await asyncio.start_server(self._asked, _HOST, self.place.port, reuse_address=True)
        except OSError as error:
            self._error = error
            return
        finally:
            self._started.set()
        watch = asyncio.create_task(self._watch())
        await self._closing.wait()
        watch.cancel()
        listener.close()
        control.close()
        await self._end_sessions()

    async def _watch(self) -> None:
        while not self.over_quota:
            await asyncio.sleep(_WATCH_SECONDS)
            self.over_quota = await asyncio.to_thread(self._over_quota)
        await self._end_sessions()

    async def _end_sessions(self) -> None:
        tasks = list(self._sessions.values())
        for session in list(self._sessions):
            session.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = WireSession(reader, writer, self._upstream, self._tally)
        task = asyncio.ensure_future(session.run(self.over_quota))
        self._sessions[session] = task
        try:
            await asyncio.wait({task})
        finally:
            del self._sessions[session]

    # -- questions of the recorder --------------------------------------------------------------------------------

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            token = (await reader.readline()).strip()
            if hmac.compare_digest(token, self.place.token.encode()):
                while question := (await reader.readline()).strip():
                    answer = await self._flush() if question == b"flush" else self._crossed()
                    writer.write(json.dumps(answer).encode() + b"\n")
                    await writer.drain()
        writer.close()

    def _crossed(self) -> list[Any]:
        tally = self._tally
        return [tally.rows, tally.bytes, tally.copied, sorted(tally.pids)]

    async def _flush(self) -> int:
        flushed = await asyncio.gather(*(session.flush() for session in list(self._sessions)))
        return sum(flushed)


class WireClient:
    """`graders.logs.wire_meter.WireMeter` from another process. Safe to use from several threads."""

    def __init__(self, place: WirePlace) -> None:
        self._place = place
        self._turn = threading.Lock()
        self._socket: socket.socket | None = None

    def crossed(self) -> Crossed:
        rows, size, copied, pids = self._ask("crossed")
        return Crossed(rows, size, copied, frozenset(pids))

    def flush(self) -> None:
        self._ask("flush")

    def close(self) -> None:
        with self._turn:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _ask(self, question: str) -> Any:
        with self._turn:
            try:
                if self._socket is None:
                    self._socket = socket.create_connection((_HOST, self._place.port), timeout=_SECONDS)
                    self._socket.sendall(f"{self._place.token}\n".encode())
                self._socket.sendall(f"{question}\n".encode())
                return json.loads(_line(self._socket))
            except (OSError, ValueError) as error:
                raise DatabaseError(
                    f"the meter before PostgreSQL does not answer: {error}", hint="Run the command again."
                ) from error


def _line(link: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        more = link.recv(65_536)
        if not more:
            raise OSError("the connection ended")
        line += more
    return line


@contextmanager
def open_wire(host: str, port: int, over_quota: Callable[[], str] = lambda: "") -> Iterator[Wire]:
    """A wire before the server at host and port, for as long as the block lasts.

    `over_quota` is asked now and then; what it says ends all sessions and is what later ones are refused with.
    """
    wire = Wire((host, port), over_quota)
    wire.start()
    try:
        yield wire
    finally:
        wire.close()
