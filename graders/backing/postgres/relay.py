"""A listener in front of a PostgreSQL server, with a session for each connection: what its proxies have in common."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from graders.backing.postgres.protocol import (
    CANCEL_REQUEST,
    GSSENC_REQUEST,
    MAX_STARTUP,
    SSL_REQUEST,
    ProtocolError,
    error_response,
)
from graders.sandbox.ports import free_port

HOST = "127.0.0.1"
CHUNK = 64 * 1024
_SECONDS = 20.0


class SessionCut(Exception):
    """The session ends here, on both sides."""


class RelayedSession(ABC):
    """A client's connection and the one to the server that belongs to it. `run` lasts as long as both."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: tuple[str, int]
    ) -> None:
        self._front_reader, self._front = reader, writer
        self._upstream = upstream
        self._back_reader: asyncio.StreamReader
        self._back: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Connects to the server, and passes on until the session ends."""
        try:
            startup = await self._startup()
            if startup is not None:
                await self._admit()
                self._back_reader, self._back = await asyncio.open_connection(*self._upstream)
                self._back.write(startup)
                await self._pump_both()
        except (SessionCut, OSError, ProtocolError, asyncio.IncompleteReadError):
            return
        finally:
            self.abort()

    def abort(self) -> None:
        """Closes both sides at once; what was not sent is lost."""
        for writer in (self._front, self._back):
            if writer is not None:
                writer.transport.abort()

    @abstractmethod
    async def _admit(self) -> None:
        """Whether the client may connect: raises SessionCut where not."""

    @abstractmethod
    async def _pump_both(self) -> None:
        """Passes bytes on in both directions, until one side has ended."""

    async def _refuse(self, sqlstate: str, text: str) -> None:
        """Ends the session with a fatal error that reaches the client. Raises SessionCut."""
        self._front.write(error_response(sqlstate, text, severity="FATAL"))
        await self._close_front()
        raise SessionCut

    async def _close_front(self) -> None:
        self._front.close()
        with contextlib.suppress(OSError):
            await self._front.wait_closed()

    async def _startup(self) -> bytes | None:
        """The startup packet; None where the connection only asked to cancel a statement."""
        while True:
            raw = await self._front_reader.readexactly(4)
            (length,) = struct.unpack("!i", raw)
            if not 8 <= length <= MAX_STARTUP:
                raise ProtocolError(f"a startup packet of {length} bytes")
            raw += await self._front_reader.readexactly(length - 4)
            (code,) = struct.unpack_from("!i", raw, 4)
            if code in (SSL_REQUEST, GSSENC_REQUEST):
                self._front.write(b"N")
            elif code == CANCEL_REQUEST:
                await self._cancel(raw)
                return None
            else:
                return raw

    async def _cancel(self, raw: bytes) -> None:
        _, self._back = await asyncio.open_connection(*self._upstream)
        self._back.write(raw)
        self._back.close()
        await self._back.wait_closed()


class DatabaseRelay(ABC):
    """A listener with an event loop in a thread of its own. `start` and `close` may be called from any thread."""

    def __init__(self, upstream: tuple[str, int], name: str) -> None:
        self.host, self.port = HOST, free_port()
        self._upstream = upstream
        self._sessions: dict[Any, asyncio.Task[Any]] = {}
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def url_for(self, database_url: str) -> str:
        """`database_url` with this listener's host and port in it."""
        parts = urlsplit(database_url)
        account = parts.netloc.rpartition("@")[0]
        place = f"{self.host}:{self.port}"
        return urlunsplit(parts._replace(netloc=f"{account}@{place}" if account else place))

    def start(self) -> None:
        """Listens. Raises OSError."""
        self._thread.start()
        self._started.wait(_SECONDS)
        if self._error is not None or not self._started.is_set():
            raise OSError(f"it could not listen: {self._error}")

    def close(self) -> None:
        """Ends every session, and listens no more."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(_SECONDS)

    @abstractmethod
    def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> RelayedSession:
        """What serves a new connection."""

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        try:
            await self._listen()
        except OSError as error:
            self._error = error
            return
        finally:
            self._started.set()
        await self._closing.wait()
        await self._leave()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self.host, self.port, reuse_address=True)

    async def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut_sessions()

    async def _cut_sessions(self) -> None:
        tasks = list(self._sessions.values())
        for session, task in list(self._sessions.items()):
            session.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = self._session(reader, writer)
        task = asyncio.ensure_future(session.run())
        self._sessions[session] = task
        try:
            await asyncio.wait({task})
        finally:
            del self._sessions[session]
