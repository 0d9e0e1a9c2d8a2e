"""One connection of the service through the wire, and the one to PostgreSQL that belongs to it."""

from __future__ import annotations

import asyncio
import contextlib

from graders.backing.postgres.protocol import simple_query
from graders.backing.postgres.relay import CHUNK, RelayedSession
from graders.backing.postgres.wire_messages import BackScanner, Cycles, FrontScanner, Tally

# Qualified, a function of PostgreSQL itself, and no work of the service's: it changes nothing that SQL can see.
_FLUSH = "select pg_catalog.pg_stat_force_next_flush()"
_FLUSH_SECONDS = 2.0
_PAUSE = 0.001


class WireSession(RelayedSession):
    """`run` lasts until both sides have ended: only then has the server counted everything.

    `refusal`: the error with which a new session is refused, "" where it is admitted.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: tuple[str, int],
        tally: Tally,
        refusal: str = "",
    ) -> None:
        super().__init__(reader, writer, upstream)
        self._refusal = refusal
        self._cycles = Cycles()
        self._from_front = FrontScanner(self._cycles)
        self._from_back = BackScanner(tally, self._cycles)
        self._leaving = False
        self._patience = _FLUSH_SECONDS

    async def _admit(self) -> None:
        if self._refusal:
            await self._refuse("53100", self._refusal)

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
        self._back.write(simple_query(_FLUSH))

    async def _answered(self, until: float) -> bool:
        loop = asyncio.get_running_loop()
        while self._from_back.swallowing and loop.time() < until:
            if self._back is None or self._back.transport.is_closing():
                return True
            await asyncio.sleep(_PAUSE / 5)
        return not self._from_back.swallowing

    # -- pumps ----------------------------------------------------------------------------------------------------

    async def _pump_both(self) -> None:
        front = asyncio.create_task(self._pump_front())
        back = asyncio.create_task(self._pump_back())
        try:
            await back
            await self._close_front()
        finally:
            front.cancel()
            back.cancel()
            await asyncio.gather(front, back, return_exceptions=True)

    async def _pump_front(self) -> None:
        assert self._back is not None
        with contextlib.suppress(OSError):
            while data := await self._front_reader.read(CHUNK):
                self._from_front.feed(data)
                self._back.write(data)
                await self._back.drain()
        # The service has disconnected; the server ends the session when it next reads, and that ends the other pump.
        self._leaving = True
        with contextlib.suppress(OSError):
            self._back.write_eof()

    async def _pump_back(self) -> None:
        while data := await self._back_reader.read(CHUNK):
            out = self._from_back.feed(data)
            if out and not self._leaving:
                # Once the service has disconnected, what the server still sends is read and dropped.
                with contextlib.suppress(OSError):
                    self._front.write(out)
                    await self._front.drain()
