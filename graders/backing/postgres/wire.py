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
from typing import Any

from graders.backing.postgres.relay import HOST, DatabaseRelay
from graders.backing.postgres.wire_messages import Tally
from graders.backing.postgres.wire_session import WireSession
from graders.errors import DatabaseError
from graders.logs.wire_meter import Crossed
from graders.sandbox.ports import free_port

_SECONDS = 20.0
# How often the space that the cluster takes is looked at.
_WATCH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class WirePlace:
    """Where another process reaches the meter. `token`: what it has to say first."""

    port: int
    token: str = field(repr=False)


class Wire(DatabaseRelay):
    """A relay that counts; `open_wire` makes it.

    `over_quota`: why the cluster's sessions were ended for good, "" while they are not.
    """

    def __init__(self, upstream: tuple[str, int], over_quota: Callable[[], str]) -> None:
        super().__init__(upstream, "wire")
        self.place = WirePlace(free_port(), secrets.token_hex(16))
        self.over_quota = ""
        self._over_quota = over_quota
        self._tally = Tally()
        self._control: asyncio.Server
        self._watching: asyncio.Task[None]

    def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> WireSession:
        return WireSession(reader, writer, self._upstream, self._tally, self.over_quota)

    async def _listen(self) -> None:
        await super()._listen()
        self._control = await asyncio.start_server(
            self._asked, self.host, self.place.port, reuse_address=True
        )
        self._watching = asyncio.create_task(self._watch())

    async def _leave(self) -> None:
        self._watching.cancel()
        self._control.close()
        await super()._leave()

    async def _watch(self) -> None:
        while not self.over_quota:
            await asyncio.sleep(_WATCH_SECONDS)
            self.over_quota = await asyncio.to_thread(self._over_quota)
        await self._cut_sessions()

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
                    self._socket = socket.create_connection((HOST, self._place.port), timeout=_SECONDS)
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
    try:
        wire.start()
    except OSError as error:
        raise DatabaseError(f"the wire before PostgreSQL: {error}", hint="Run the command again.") from error
    try:
        yield wire
    finally:
        wire.close()
