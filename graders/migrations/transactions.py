"""Whether a tool runs a file of statements in one transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from graders.migrations.records import MigrationStep
from graders.sql.text.splitting import verb

_ALWAYS = ("diesel", "node-pg-migrate")
# They send a file as one simple query: PostgreSQL runs several statements of it in an implicit transaction.
_ONE_QUERY = ("up-down", "prisma")
_CONTROL = ("begin", "start", "commit", "end", "rollback", "abort")
_SETTINGS = ("set", "reset", "show")
# What a file says to run outside of a transaction, by tool.
_OPT_OUT = {
    "dbmate": re.compile(r"^--\s*migrate:up\b[^\n]*transaction\s*:\s*false", re.MULTILINE),
    "goose": re.compile(r"^--\s*\+goose\s+NO\s+TRANSACTION", re.MULTILINE | re.IGNORECASE),
    "sql-migrate": re.compile(r"^--\s*\+migrate\s+up\b[^\n]*\bnotransaction", re.MULTILINE | re.IGNORECASE),
}
_FLYWAY_OPT_OUT = re.compile(r"^\s*executeInTransaction\s*[=:]\s*false\s*$", re.MULTILINE | re.IGNORECASE)
_DIESEL_OPT_OUT = re.compile(r"^\s*run_in_transaction\s*=\s*false\b", re.MULTILINE)
# Statements that Flyway knows to be refused in a transaction.
_NOT_TRANSACTIONAL = re.compile(
    r"""(?:create|drop)\s+(?:unique\s+)?index\s+concurrently\b
      | reindex\b.*\bconcurrently\b | reindex\s+(?:\(.*?\)\s*)?(?:verbose\s+)?(?:schema|database|system)\b
      | vacuum\b | discard\s+all\b | alter\s+system\b
      | (?:create|drop)\s+(?:database|tablespace|subscription)\b
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def runs_in_transaction(tool: str, file: Path, text: str, steps: Sequence[MigrationStep]) -> bool:
    """Whether `tool` runs `steps`, the statements that go up in `file` with that `text`, in one transaction."""
    if tool == "flyway":
        return not (_flyway_alone(steps) or _says(file.with_name(f"{file.name}.conf"), _FLYWAY_OPT_OUT))
    if tool == "diesel":
        return not _says(file.with_name("metadata.toml"), _DIESEL_OPT_OUT)
    if tool in _ONE_QUERY:
        return len(steps) > 1 and not any(verb(step.text) in _CONTROL for step in steps)
    return tool in _ALWAYS or (tool in _OPT_OUT and _OPT_OUT[tool].search(text) is None)


def _flyway_alone(steps: Sequence[MigrationStep]) -> bool:
    """Flyway refuses a file that mixes both kinds, as PostgreSQL does."""
    kinds = [
        _NOT_TRANSACTIONAL.match(step.text) is not None for step in steps if verb(step.text) not in _SETTINGS
    ]
    return bool(kinds) and all(kinds)


def _says(file: Path, pattern: re.Pattern[str]) -> bool:
    try:
        return pattern.search(file.read_text(encoding="utf-8", errors="replace")) is not None
    except OSError:
        return False
