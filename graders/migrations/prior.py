"""What was there before the migrations: files of a schema, such as pg_dump writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psycopg

from graders.errors import UsageError
from graders.libpq import connect
from graders.migrations.records import MigrationStep
from graders.migrations.run import is_missing_extension
from graders.migrations.sessions import SAVEPOINT, Denied, Sessions, execute_kept
from graders.migrations.sources import steps_of

_NEW_ROLE = "create role "
_ROLE = re.compile(r'role "(.+)" does not exist')
# Who owns a table changes nothing of what a migration does to it; kata's own role may keep it.
_OWNER = re.compile(r"alter\s.*\bowner\s+to\s|comment\s+on\s+extension\b", re.IGNORECASE | re.DOTALL)
# A server of another version does not know each parameter that a dump sets, and has a schema "public"; what is said of
# an extension that this server lacks goes with it.
_HARMLESS = {
    "42704": re.compile(r"set\b|(?:comment\s+on|alter)\s+extension\b", re.IGNORECASE),
    "42P06": re.compile(r"create\s+schema\b", re.IGNORECASE),
}


def run_schema(path: Path, sessions: Sessions) -> tuple[str, ...]:
    """Run the file and leave the session as it was before; what was left out, each with its place and the reason.

    Roles that it names are made. Raises UsageError where a statement fails otherwise.
    """
    left: list[str] = []
    for step in steps_of(path):
        left += [f"{step.file}:{step.line}: {reason}" for reason in _run(step, sessions)]
    if sessions.in_transaction:
        sessions.commit(step)
    sessions.settle()
    return tuple(left)


def make_up(sessions: Sessions, statement: str) -> None:
    """Run a statement that makes a stand-in. Raises psycopg.Error."""
    role = statement.removeprefix(_NEW_ROLE)
    if role == statement:
        sessions.migrator.execute(statement.encode())
        return
    # Roles belong to the server, not to the database: they exist before, and the owner may hand tables over to them.
    with connect(sessions.logins.admin, autocommit=True) as admin:
        admin.execute(f"{statement} nologin".encode())
        admin.execute(f"grant {role} to {sessions.migrator.info.user}".encode())


def _run(step: MigrationStep, sessions: Sessions) -> Sequence[str]:
    """Why it was left out, if it was."""
    inside = sessions.in_transaction
    for _ in range(_MOST_ROLES):
        try:
            execute_kept(sessions, step)
        except Denied as refusal:
            return () if _OWNER.match(step.text) else (str(refusal),)
        except psycopg.Error as error:
            if inside and sessions.in_transaction:
                with suppress(psycopg.Error):
                    sessions.migrator.execute(f"rollback to savepoint {SAVEPOINT}")
            if _role_made(error, sessions):
                continue
            if is_missing_extension(step, error):
                return (str(error.diag.message_primary),)
            if not _is_harmless(step, error):
                sessions.rollback()
                raise _fails(step, error) from error
        return ()
    return ()


# A GRANT may name several.
_MOST_ROLES = 20


def _role_made(error: psycopg.Error, sessions: Sessions) -> bool:
    found = _ROLE.search(error.diag.message_primary or "")
    if error.sqlstate != "42704" or found is None:
        return False
    try:
        make_up(sessions, f'{_NEW_ROLE}"{found[1]}"')
    except psycopg.Error:
        return False
    return True


def _is_harmless(step: MigrationStep, error: psycopg.Error) -> bool:
    pattern = _HARMLESS.get(error.sqlstate or "")
    return pattern is not None and pattern.match(step.text) is not None


def _fails(step: MigrationStep, error: psycopg.Error) -> UsageError:
    return UsageError(
        f"{step.file}:{step.line}: the schema fails with {error.sqlstate}: {error.diag.message_primary or error}",
        hint="fix it, or leave --schema out",
    )
