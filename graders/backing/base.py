"""Backing services, which a submission connects to: PostgreSQL today; a cache or a mail server is added here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol


class Backing(Protocol):
    """A running backing service, there until the block that started it ends."""

    @property
    def name(self) -> str:
        """As in the placeholders `{name.key}` (graders.packs.placeholders)."""
        ...

    @property
    def version(self) -> str: ...

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables that the submission is given, such as DATABASE_URL."""
        ...

    @property
    def values(self) -> Mapping[str, str]:
        """The value of each placeholder `name.key`."""
        ...

    @property
    def evidence(self) -> object:
        """A record by which the suite's process finds what happened there; it becomes a field of its job."""
        ...


class BackingService(Protocol):
    """One kind of backing service, ready to be started for a run."""

    @property
    def name(self) -> str: ...

    def start(self) -> AbstractContextManager[Backing]:
        """Start it for the length of the block. Raises KataError where the machine or the pack is at fault."""
        ...
