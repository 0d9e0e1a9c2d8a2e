"""PostgreSQL's messages counted as they pass, in both directions, without being kept.

Source: PostgreSQL documentation, "Message Formats". The fault proxy reads the same protocol message by message
(`graders.faults.protocol`); here only headers are looked at, since every byte of a graded run comes this way.
"""

from __future__ import annotations

from collections import deque

from graders.backing.postgres.protocol import length_at

_ROW, _COPY, _NOTICE, _ERROR, _NOTIFICATION, _SETTING, _CALLED = b"DdNEASV"
_READY, _KEY, _COPY_IN = b"ZKG"
_QUERY, _CALL, _SYNC = b"QFS"
# What an injected query is answered with; any other message that arrives before the answer belongs to the service.
_ANSWERS = b"TDCIEZ"
_COUNTED = frozenset((_NOTICE, _NOTIFICATION, _SETTING, _CALLED))
# Longer messages are passed on in pieces and not looked into.
_MOST_WHOLE = 64 * 1024
_UNSYNCED = frozenset(b"PBDECHdcf")


class Tally:
    """Running totals over all sessions of a wire; see `graders.logs.wire_meter.Crossed`."""

    def __init__(self) -> None:
        self.rows = self.bytes = self.copied = 0
        self.pids: set[int] = set()


class Cycles:
    """Whether the server is idle: every request cycle (Query, or messages up to Sync) has been answered."""

    def __init__(self) -> None:
        self._open: deque[int] = deque()
        self._ignored_syncs = 0
        self._unsynced = False
        self._status = 0

    @property
    def started(self) -> bool:
        return bool(self._status)

    @property
    def idle(self) -> bool:
        """Idle and in no transaction."""
        return not self._open and not self._unsynced and self._status == ord("I")

    def sent(self, kind: int) -> None:
        """A frontend message of that kind goes to the server."""
        if kind in _UNSYNCED:
            self._unsynced = True
        elif kind == _SYNC and self._ignored_syncs:
            self._ignored_syncs -= 1
        elif kind in (_QUERY, _CALL, _SYNC):
            self._unsynced = self._unsynced and kind != _SYNC
            self._open.append(kind)

    def copying(self) -> None:
        """COPY FROM STDIN began: in the extended protocol the server ignores the Sync that is there already."""
        if self._open and self._open[0] == _SYNC:
            self._ignored_syncs += 1

    def ready(self, status: int) -> None:
        self._status = status
        if self._open:
            self._open.popleft()


class FrontScanner:
    """Follows what the service sends, for `Cycles`."""

    def __init__(self, cycles: Cycles) -> None:
        self._cycles = cycles
        self._head = b""
        self._passing = 0

    @property
    def between_messages(self) -> bool:
        return not self._head and not self._passing

    def feed(self, data: bytes) -> None:
        place = min(self._passing, len(data))
        self._passing -= place
        if self._passing:
            return
        place, data = (place, data) if not self._head else (0, self._head + data)
        while len(data) - place >= 5:
            after = place + 1 + length_at(data, place)
            self._cycles.sent(data[place])
            if after > len(data):
                self._passing, self._head = after - len(data), b""
                return
            place = after
        self._head = data[place:]


class BackScanner:
    """Counts what PostgreSQL sends, and takes the answers of injected queries out of the stream.

    `on_answer` is called when the answer of an injected query is complete.
    """

    def __init__(self, tally: Tally, cycles: Cycles) -> None:
        self._tally = tally
        self._cycles = cycles
        self._rest = b""
        self._passing = 0
        self.swallowing = False
        self.pid = 0

    def feed(self, data: bytes) -> bytes:
        """What of `data` the service is to see. Raises ProtocolError."""
        if self._passing >= len(data):
            self._passing -= len(data)
            return data
        head, data = data[: self._passing], self._rest + data[self._passing :]
        self._passing, self._rest = 0, b""
        return head + self._messages(data)

    def _messages(self, data: bytes) -> bytes:
        place, kept, out = 0, 0, []
        end = len(data)
        while end - place >= 7 or (end - place >= 5 and data[place] not in (_ROW, _KEY)):
            kind, after = data[place], place + 1 + length_at(data, place)
            if after > end and kind not in (_ROW, _COPY) and after - place <= _MOST_WHOLE:
                break
            if self.swallowing and kind in _ANSWERS and after <= end:
                out.append(data[kept:place])
                kept = after
                self._swallowed(kind, data, place)
            else:
                self._seen(kind, data, place, after - place)
            if after > end:
                self._passing = after - end
                out.append(data[kept:])
                return b"".join(out)
            place = after
        self._rest = data[place:]
        out.append(data[kept:place])
        return b"".join(out)

    def _swallowed(self, kind: int, data: bytes, place: int) -> None:
        if kind == _READY:
            self._cycles.ready(data[place + 5])
            self.swallowing = False

    def _seen(self, kind: int, data: bytes, place: int, size: int) -> None:
        tally = self._tally
        if kind == _ROW:
            tally.rows += 1
            tally.bytes += size - 7 - 4 * int.from_bytes(data[place + 5 : place + 7], "big")
        elif kind == _COPY:
            tally.rows += 1
            tally.copied += 1
            tally.bytes += size - 5
        elif kind == _READY:
            self._cycles.ready(data[place + 5])
        elif kind == _KEY:
            self.pid = int.from_bytes(data[place + 5 : place + 9], "big")
            tally.pids.add(self.pid)
        elif kind == _COPY_IN:
            self._cycles.copying()
        elif self._cycles.started and (kind in _COUNTED or kind == _ERROR):
            tally.rows += kind != _ERROR
            tally.bytes += size - 5
