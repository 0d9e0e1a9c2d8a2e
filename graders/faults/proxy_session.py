"""One connection through the proxy: two streams of messages, and the faults that stop, cut or replace one."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Sequence
from typing import Any

from graders.backing.postgres.protocol import error_response, simple_query
from graders.backing.postgres.relay import CHUNK, RelayedSession, SessionCut
from graders.faults.fault import Fault
from graders.faults.protocol import (
    Message,
    MessageReader,
    Statements,
    command_tag,
    execute,
    is_commit,
    may_write,
)

# A name that no service has: what is sent in a failed statement's place, and known again in the server's answer.
_MARK = "kata_wire_fault"


class Session(RelayedSession):
    """A session whose messages are read one by one, and stopped, cut or replaced where an armed fault says so."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: tuple[str, int],
        armed: Sequence[Fault],
    ) -> None:
        super().__init__(reader, writer, upstream)
        self._armed = armed
        self._statements = Statements()
        self._early: deque[bytes] = deque()
        self._cycles = _Cycles()
        self._injected: Fault | None = None
        self._pid = 0
        self._dropping = False
        self._swallow_ready = False

    async def _admit(self) -> None:
        """A fault at the connection itself."""
        fault = next((fault for fault in self._armed if fault.claims_connection()), None)
        if fault is None:
            return
        fault.took_place()
        if fault.action == "fail":
            await self._refuse(fault.sqlstate, fault.text)
        if fault.action == "cut" or not await fault.held():
            raise SessionCut

    # -- pumps ----------------------------------------------------------------------------------------------------

    async def _pump_both(self) -> None:
        pumps = [asyncio.create_task(self._pump_front()), asyncio.create_task(self._pump_back())]
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            # What the server said last (FATAL, say) still has to reach the service.
            if pumps[1] in done and pumps[1].exception() is None:
                await self._close_front()
        finally:
            for pump in pumps:
                pump.cancel()
            ends = await asyncio.gather(*pumps, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _pump_front(self) -> None:
        reader = MessageReader()
        while data := await self._read_front():
            out = bytearray()
            for message in reader.feed(data):
                await self._to_back(message, out)
            await self._send_back(out)

    async def _read_front(self) -> bytes:
        return self._early.popleft() if self._early else await self._front_reader.read(CHUNK)

    async def _to_back(self, message: Message, out: bytearray) -> None:
        if self._dropping and message.kind not in (b"S", b"X"):
            return
        self._dropping = False
        sql = self._statements.run_by(message)
        if sql is not None:
            fault = await self._claimed(sql)
            if fault is not None and fault.action == "fail":
                self._inject(fault, message, sql, out)
                return
            if fault is not None:
                await self._send_back(out)
                await self._stop(fault)
        self._statements.note(message)
        self._cycles.sent(message, sql)
        out += message.raw

    async def _claimed(self, sql: str) -> Fault | None:
        for fault in tuple(self._armed):
            if await fault.claims_statement(sql, self._pid):
                return fault
        return None

    async def _send_back(self, out: bytearray) -> None:
        if out and self._back is not None:
            self._back.write(bytes(out))
            out.clear()
            await self._back.drain()

    async def _stop(self, fault: Fault) -> None:
        """Holds or cuts before a statement; the session also ends if the service dies."""
        fault.took_place()
        if fault.action == "cut":
            raise SessionCut
        held = asyncio.ensure_future(fault.held())
        try:
            while not held.done():
                await self._read_ahead(held)
            if not held.result():
                raise SessionCut
        finally:
            held.cancel()

    async def _read_ahead(self, held: asyncio.Future[bool]) -> None:
        """Keeps what the service sends while it is held; its end of file ends the session."""
        more = asyncio.ensure_future(self._front_reader.read(CHUNK))
        either: set[asyncio.Future[Any]] = {held, more}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            more.cancel()
            # Cancelling a read takes nothing out of the stream, but only one read may wait.
            [data] = await asyncio.gather(more, return_exceptions=True)
        if isinstance(data, bytes) and data:
            self._early.append(data)
        elif not isinstance(data, asyncio.CancelledError):
            raise SessionCut

    def _inject(self, fault: Fault, message: Message, sql: str, out: bytearray) -> None:
        """Sends something that fails in the statement's place, so that the server's state is the real one.

        A COMMIT that fails has rolled back: it becomes a ROLLBACK, whose tag is answered as the error.
        """
        self._injected = fault
        simple = message.kind == b"Q"
        if is_commit(sql):
            out += simple_query("ROLLBACK")
            self._swallow_ready = not simple
            self._dropping = not simple
        else:
            out += simple_query(f'"{_MARK}"') if simple else execute(_MARK)
        if simple:
            self._cycles.sent(message, "")

    async def _pump_back(self) -> None:
        reader = MessageReader()
        while data := await self._back_reader.read(CHUNK):
            out = bytearray()
            for message in reader.feed(data):
                await self._to_front(message, out)
            self._front.write(bytes(out))
            await self._front.drain()

    async def _to_front(self, message: Message, out: bytearray) -> None:
        """Adds what the service is to see of `message`. While a commit is held, `out` with its tag is held too."""
        if self._injected is not None and self._answers_injection(message):
            out += error_response(self._injected.sqlstate, self._injected.text)
            self._injected.took_place()
            self._injected = None
            return
        if message.kind == b"K":
            (self._pid,) = struct.unpack_from("!i", message.raw, 5)
        if message.kind == b"G":
            self._cycles.copying()
        if message.kind == b"Z":
            if self._swallow_ready and self._injected is None:
                self._swallow_ready = False
                return
            written = self._cycles.ready(message.body)
            if written is not None:
                await self._after_commit(written)
        out += message.raw

    def _answers_injection(self, message: Message) -> bool:
        if message.kind == b"E":
            return _MARK.encode() in message.raw
        return message.kind == b"C" and command_tag(message) == "ROLLBACK"

    async def _after_commit(self, sql: str) -> None:
        for fault in tuple(self._armed):
            if await fault.claims_commit(sql, self._pid):
                fault.took_place()
                if fault.action == "cut" or not await fault.held():
                    raise SessionCut


class _Cycles:
    """What each request cycle (Query, or messages up to Sync) may have written, until its ReadyForQuery comes.

    A pipelining service is ahead of the server, so the cycles wait in line.
    """

    def __init__(self) -> None:
        self._current = ""
        self._waiting: deque[tuple[str, bool]] = deque()
        self._open = ""
        self._ignored_syncs = 0

    def sent(self, message: Message, sql: str | None) -> None:
        """A frontend message went to the server; `sql` is what it runs."""
        if sql and may_write(sql):
            self._current = sql
        if message.kind == b"S" and self._ignored_syncs:
            self._ignored_syncs -= 1
        elif message.kind in (b"Q", b"S", b"F"):
            self._waiting.append((self._current, message.kind == b"S"))
            self._current = ""

    def copying(self) -> None:
        """COPY FROM STDIN began: in the extended protocol the server ignores the Sync that is there already."""
        if self._waiting and self._waiting[0][1]:
            self._ignored_syncs += 1

    def ready(self, status: bytes) -> str | None:
        """ReadyForQuery came: the last writing statement of the transaction that ended; None where none wrote."""
        written, _ = self._waiting.popleft() if self._waiting else ("", False)
        self._open = written or self._open
        if status != b"I":
            return None
        ended, self._open = self._open, ""
        return ended or None
