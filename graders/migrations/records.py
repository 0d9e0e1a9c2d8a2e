"""A migration as its tool would run it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """One statement; `line` counts from 1 in its file; `comments` come before it."""

    text: str
    file: str
    line: int
    comments: tuple[str, ...] = ()
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a schema's history. `down` is None where nothing says how to undo it; `wrapped`: the tool runs all
    of it in one transaction."""

    name: str
    up: tuple[MigrationStep, ...]
    down: tuple[MigrationStep, ...] | None = None
    wrapped: bool = False
    tool: str = "sql"
