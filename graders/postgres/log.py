"""Where PostgreSQL's own log is read from: a file of a private cluster, or another server over SQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from graders.errors import DatabaseError


class LogSource(Protocol):
    """The log as one growing stream of bytes. `format` is "json" or "csv"."""

    @property
    def format(self) -> str: ...

    def size(self) -> int:
        """How many bytes there are now."""

    def read_from(self, offset: int) -> tuple[bytes, int]:
        """What follows `offset`, and the offset to read from next."""

    def plain(self) -> dict[str, Any]:
        """The source as JSON values, for `open_log` in another process."""


@dataclass(frozen=True, slots=True)
class FileLog:
    """The log file of a cluster on this machine."""

    path: Path
    format: str = "json"

    def size(self) -> int:
        return self.path.stat().st_size

    def read_from(self, offset: int) -> tuple[bytes, int]:
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                data = file.read()
        except OSError as error:
            raise DatabaseError(
                f"PostgreSQL's log {self.path} cannot be read: {error.strerror}",
                hint="Did something remove the run's directory? Run the command again.",
            ) from error
        return data, offset + len(data)

    def plain(self) -> dict[str, Any]:
        return {"path": str(self.path), "format": self.format}


def open_log(plain: dict[str, Any], admin_url: str) -> LogSource:
    """The source that `plain` described."""
    if "path" in plain:
        return FileLog(Path(plain["path"]), plain["format"])
    return ServerLog(admin_url, plain["format"])


@dataclass(frozen=True, slots=True)
class ServerLog:
    """The log of a server that is only reached over SQL."""

    url: str
    format: str = "json"

    def size(self) -> int:
        raise NotImplementedError

    def read_from(self, offset: int) -> tuple[bytes, int]:
        raise NotImplementedError

    def plain(self) -> dict[str, Any]:
        return {"format": self.format}
