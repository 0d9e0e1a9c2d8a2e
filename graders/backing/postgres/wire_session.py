"""One connection of the service through the wire, and the one to PostgreSQL that belongs to it."""

from __future__ import annotations

import asyncio
import contextlib
import struct

from graders.backing.postgres.wire_messages import BackScanner, BadProtocol, Cycles, FrontScanner, Tally

_CHUNK = 64 * 1024
_MOST_STARTUP = 10_000
_SSL, _GSSENC, _CANCEL = 80877103, 80877104, 80877102
# Qualified, a function of PostgreSQL itself, and no work of the service's: it changes nothing that SQL can see.
_FLUSH = b"select pg_catalog.pg_stat_force_next_flush()"
_FLUSH_SECONDS = 2.0
_PAUSE = 0.001


class WireSession:
    """`run` lasts until both sides have ended: only then has the server counted everything."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: tuple[str, int],
        tally: Tally,
    ) -> None:
        self._front_reader, self._front = reader, writer
        self._back_reader: asyncio.StreamReader
        self._back: asyncio.StreamWriter | None = None
        self._upstream = upstream
        self._cycles = Cycles()
        self._from_front = FrontScanner(self._cycles)
        self._from_back = BackScanner(tally, self._cycles)
        self._leaving = False
        self._patience = _FLUSH_SECONDS

    async def run(self, refusal: str = "") -> None:
        """Passes bytes on until both sides have ended. `refusal`: end with this error instead."""
        try:
            startup = await self._startup()
            if startup is not None and refusal:
                self._front.write(_fatal("53100", refusal))
                await self._front.drain()
            elif startup is not None:
                self._back_reader, self._back = await asyncio.open_connection(*self._upstream)
                self._back.write(startup)
                await self._pump_both()
        except (OSError, BadProtocol, asyncio.IncompleteReadError):
            return
        finally:
            self.abort()

    def abort(self) -> None:
        for writer in (self._front, self._back):
            if writer is not None:
                writer.transport.abort()

    async def flush(self) -> bool:
        """Have the server's statistics of this session reported; False where it does not become idle soon."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while self._cycles.started and self._back is not None and not self._back.transport.is_closing():
            if self._may_inject:
                self._inject()
                self._patience = _FLUSH_SECONDS
                return await self._answered(loop.time() + _FLUSH_SECONDS)
            if loop.time() >= until:
                # It may stay in its transaction for ever, and every window would wait for that.
                self._patience = _FLUSH_SECONDS / 40
                return False
            await asyncio.sleep(_PAUSE)
        return True

    @property
    def _may_inject(self) -> bool:
        idle = self._cycles.idle and not self._from_back.swallowing and not self._leaving
        return idle and self._from_front.between_messages

    def _inject(self) -> None:
        assert self._back is not None
        self._from_back.swallowing = True
        self._cycles.sent(ord("Q"))
        self._back.write(_message(b"Q", _FLUSH + b"\0"))

    async def _answered(self, until: float) -> bool:
        loop = asyncio.get_running_loop()
        while self._from_back.swallowing and loop.time() < until:
            if self._back is None or self._back.transport.is_closing():
                return True
            await asyncio.sleep(_PAUSE / 5)
        return not self._from_back.swallowing

    # -- startup --------------------------------------------------------------------------------------------------

    async def _startup(self) -> bytes | None:
        while True:
            raw = await self._front_reader.readexactly(4)
            (length,) = struct.unpack("!i", raw)
            if not 8 <= length <= _MOST_STARTUP:
                raise BadProtocol(f"a startup packet of {length} bytes")
            raw += await self._front_reader.readexactly(length - 4)
            (code,) = struct.unpack_from("!i", raw, 4)
            if code in (_SSL, _GSSENC):
                self._front.write(b"N")
            elif code == _CANCEL:
                await self._cancel(raw)
                return None
            else:
                return raw

    async def _cancel(self, raw: bytes) -> None:
        _, self._back = await asyncio.open_connection(*self._upstream)
        self._back.write(raw)
        self._back.close()
        await self._back.wait_closed()

    # -- pumps ----------------------------------------------------------------------------------------------------

    async def _pump_both(self) -> None:
        front = asyncio.create_task(self._pump_front())
        back = asyncio.create_task(self._pump_back())
        try:
            await back
            self._front.close()
            with contextlib.suppress(OSError):
                await self._front.wait_closed()
        finally:
            front.cancel()
            back.cancel()
            await asyncio.gather(front, back, return_exceptions=True)

    async def _pump_front(self) -> None:
        assert self._back is not None
        with contextlib.suppress(OSError):
            while data := await self._front_reader.read(_CHUNK):
                self._from_front.feed(data)
                self._back.write(data)
                await self._back.drain()
        # The service has disconnected; the server ends the session when it next reads, and that ends the other pump.
        self._leaving = True
        with contextlib.suppress(OSError):
            self._back.write_eof()

    async def _pump_back(self) -> None:
        while data := await self._back_reader.read(_CHUNK):
            out = self._from_back.feed(data)
            if out and not self._leaving:
                # Once the service has disconnected, what the server still sends is read and dropped.
                with contextlib.suppress(OSError):
                    self._front.write(out)
                    await self._front.drain()


def _fatal(sqlstate: str, text: str) -> bytes:
    fields = (("S", "FATAL"), ("V", "FATAL"), ("C", sqlstate), ("M", text))
    return _message(b"E", b"".join(f"{key}{value}".encode() + b"\0" for key, value in fields) + b"\0")


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body
