"""The catalog that SQL files make, such as `pg_dump --schema-only`, on a throwaway PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from graders.backing.postgres import Binaries, start_cluster
from graders.backing.postgres.catalog import load_catalog
from graders.errors import DatabaseError, UsageError
from graders.libpq import connect
from graders.migrations.records import MigrationStep
from graders.migrations.roles import fresh_database
from graders.migrations.sessions import Denied, Sessions, execute_kept, open_sessions
from graders.migrations.sources import steps_of
from graders.sql.catalog import Catalog


@dataclass(frozen=True, slots=True)
class MadeCatalog:
    """`left_out`: statements that failed, each with its place and PostgreSQL's reason; what they would have made is not
    in the catalog."""

    catalog: Catalog
    left_out: tuple[str, ...] = ()


def catalog_of_files(files: Sequence[Path], binaries: Binaries, *, run_dir: Path) -> MadeCatalog:
    """Run SQL files as the owner of an empty database and read what they made.

    Statements about roles, rights and extensions that fail leave the rest alone. Raises UsageError where no table was
    made, DatabaseError where PostgreSQL does not start.
    """
    with (
        start_cluster(None, binaries, run_dir=run_dir) as cluster,
        fresh_database(cluster) as logins,
        open_sessions(logins) as sessions,
    ):
        left_out = tuple(
            problem for file in files for step in steps_of(file) if (problem := _run(sessions, step))
        )
        with connect(logins.onlooker, autocommit=True) as reader:
            catalog = load_catalog(reader)
    if not catalog.tables:
        hint = (
            left_out[0]
            if left_out
            else "name a file that creates tables, such as `pg_dump --schema-only` writes"
        )
        raise UsageError(f"{files[0]}: no table was made by this schema", hint=hint)
    return MadeCatalog(catalog, left_out)


def catalog_of_server(url: str) -> Catalog:
    """The catalog of a running database, read without changing it. Raises DatabaseError where it is not reachable."""
    try:
        with connect(url, autocommit=True, connect_timeout=20, application_name="kata-schema") as session:
            session.execute("set default_transaction_read_only = on")
            return load_catalog(session)
    except psycopg.Error as error:
        raise DatabaseError(
            f"the schema cannot be read: {str(error).strip()}", hint="Is the URL that of a running database?"
        ) from error


def _run(sessions: Sessions, step: MigrationStep) -> str:
    """What went wrong, "" if nothing."""
    try:
        execute_kept(sessions, step)
    except (Denied, psycopg.Error) as error:
        sessions.rollback()
        return f"{step.file}:{step.line}: {str(error).partition(chr(10))[0]}"
    return ""
