"""Sources of PostgreSQL's log: a file of a private cluster, or a server that is read over SQL."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from graders.errors import DatabaseError
from graders.libpq import connect

if TYPE_CHECKING:
    import psycopg

_MOST_AT_ONCE = 4 * 1024 * 1024
_QUIET = "-c log_statement=none -c log_min_duration_statement=-1 -c search_path=pg_catalog"


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where a process can open a log: at `path`, or without one through a session of a superuser."""

    format: str
    path: Path | None = None


class LogSource(Protocol):
    """The log as one growing stream of bytes. `format` is "json" or "csv"."""

    @property
    def format(self) -> str: ...

    def size(self) -> int:
        """How many bytes there are now."""

    def read_from(self, offset: int) -> tuple[bytes, int]:
        """What follows `offset`, at most a few megabytes of it, and the offset to read from next."""

    @property
    def place(self) -> LogPlace:
        """For `open_log` in another process."""

    def close(self) -> None:
        """Release what reading needs; a later read opens it again."""


@dataclass(frozen=True, slots=True)
class FileLog:
    """The log file of a cluster on this machine."""

    path: Path
    format: str = "json"

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise self._gone(error) from error

    def read_from(self, offset: int) -> tuple[bytes, int]:
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                data = file.read(_MOST_AT_ONCE)
        except OSError as error:
            raise self._gone(error) from error
        return data, offset + len(data)

    @property
    def place(self) -> LogPlace:
        return LogPlace(self.format, self.path)

    def close(self) -> None:
        """Holds nothing."""

    def _gone(self, error: OSError) -> DatabaseError:
        return DatabaseError(
            f"PostgreSQL's log {self.path} cannot be read: {error.strerror}",
            hint="Did something remove the run's directory? Run the command again.",
        )


class ServerLog:
    """The log of a server that is only reached over SQL, as a superuser; its rotated files form one stream."""

    def __init__(self, url: str, format: str = "json") -> None:
        self.format = format
        self._url = url
        self._turn = threading.Lock()
        self._files: list[tuple[str, int]] = []
        self._session: psycopg.Connection | None = None

    def size(self) -> int:
        with self._turn:
            name, size = self._current()
            return self._begin_of(name) + size

    def read_from(self, offset: int) -> tuple[bytes, int]:
        with self._turn:
            self._begin_of(self._current()[0])
            ends = [begin for _, begin in self._files[1:]]
            for (name, begin), end in zip(self._files, [*ends, None], strict=True):
                place = offset
                if end is None or place < end:
                    data = self._read(name, place - begin)
                    if data:
                        return data, offset + len(data)
            return b"", offset

    @property
    def place(self) -> LogPlace:
        return LogPlace(self.format)

    def close(self) -> None:
        with self._turn:
            if self._session is not None:
                self._session.close()

    def _begin_of(self, name: str) -> int:
        """The offset of a file in the stream; a new file follows the last one, whose size no longer changes."""
        if not self._files:
            self._files.append((name, 0))
        last, begin = self._files[-1]
        if last != name:
            begin += self._size_of(last)
            self._files.append((name, begin))
        return begin

    def _current(self) -> tuple[str, int]:
        row = self._ask("select pg_catalog.pg_current_logfile(%s)", f"{self.format}log")
        if row is None:
            raise DatabaseError(
                f"the server writes no {self.format}log",
                hint=f"alter system set log_destination = '{self.format}log'; select pg_reload_conf();",
            )
        return str(row), self._size_of(str(row))

    def _size_of(self, name: str) -> int:
        return int(str(self._ask("select (pg_catalog.pg_stat_file(%s)).size", name)))

    def _read(self, name: str, offset: int) -> bytes:
        size = self._size_of(name)
        if size <= offset:
            return b""
        most = min(size - offset, _MOST_AT_ONCE)
        data = self._ask("select pg_catalog.pg_read_binary_file(%s, %s, %s)", name, offset, most)
        assert isinstance(data, bytes)
        return data

    def _ask(self, sql: str, *parameters: object) -> object:
        import psycopg

        try:
            if self._session is None or self._session.closed:
                self._session = connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=20,
                    application_name="kata-log",
                    options=_QUIET,
                )
            row = self._session.execute(sql, parameters).fetchone()
        except psycopg.Error as error:
            raise DatabaseError(
                f"the server's log cannot be read: {error}",
                hint="kata needs a superuser there (or pg_read_server_files).",
            ) from error
        return row[0] if row else None


def open_log(place: LogPlace, admin_url: str) -> LogSource:
    """The log of that place; `admin_url` is a superuser's, for one that is read over SQL."""
    if place.path is not None:
        return FileLog(place.path, place.format)
    return ServerLog(admin_url, place.format)
