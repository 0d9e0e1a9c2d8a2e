"""The grader's own hands in the database: plain questions and changes, as a role that is not a superuser."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import psycopg
from psycopg.rows import dict_row

from graders.libpq import connect

# The submission owns the schema, so nothing of it may answer for the catalog, no temporary table for a real one, and no
# view or foreign table of it for a table (restrict_nonsystem_relation_kind: PostgreSQL 14.13, 15.8, 16.4 and later).
# A trigger that ran in the last statement may have changed any setting, so that each statement begins with its own.
_SETTINGS = (
    "reset session authorization",
    "reset role",
    "reset all",
    "set search_path = pg_catalog, public, pg_temp",
    "set lock_timeout = '20s'",
    "set statement_timeout = '120s'",
)
_NO_VIEWS = "set restrict_nonsystem_relation_kind = 'view, foreign-table'"
_TABLES = """
select string_agg(format('%I.%I', nspname, relname), ', ')
from pg_class join pg_namespace as n on n.oid = relnamespace
where relkind in ('r', 'm') and relpersistence <> 't'
  and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
"""


class Database:
    """The grader's session in autocommit. Placeholders are %s; rows come as dicts.

    `tables` of the kata are reached without a schema; anything else wants its schema's name.
    """

    def __init__(self, grader_url: str, service_url: str = "") -> None:
        self._url = grader_url
        self._service_url = service_url
        self._connection: psycopg.Connection[dict[str, Any]] | None = None
        self._settings = "; ".join(_SETTINGS)
        self._uses = 0

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[dict[str, Any]]:
        """A session of its own, for locks and transactions; the caller closes it (`with` does).

        Its settings are fixed at the beginning only.
        """
        self._uses += 1
        # A statement that is prepared has a name, which a trigger could give to another one.
        connection = connect(self._url, autocommit=True, row_factory=dict_row, prepare_threshold=None)
        self._settings = "; ".join(_settings_for(connection))
        connection.execute(self._settings)
        connection.autocommit = autocommit
        return connection

    def rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        return self._session.execute(sql, parameters or None).fetchall()

    def row(self, sql: str, *parameters: object) -> dict[str, Any] | None:
        return self._session.execute(sql, parameters or None).fetchone()

    def value(self, sql: str, *parameters: object) -> Any:
        """The first column of the first row, None where there is no row."""
        row = self.row(sql, *parameters)
        return next(iter(row.values())) if row else None

    def execute(self, sql: str, *parameters: object) -> int:
        """Run a statement; answers the number of rows it touched."""
        return self._session.execute(sql, parameters or None).rowcount

    def result(self, sql: str, *parameters: object) -> tuple[list[dict[str, Any]], int]:
        """The rows of any statement (none where it gives none), and how many rows it gave or touched."""
        cursor = self._session.execute(sql, parameters or None)
        return (cursor.fetchall() if cursor.description else []), cursor.rowcount

    def script(self, sql: str) -> None:
        """Run several statements at once, without parameters, in one transaction."""
        self._session.execute(sql)

    def as_service(self, sql: str) -> None:
        """Run several statements as the service's own role, such as settings that only it may give to its sessions."""
        self._uses += 1
        with connect(self._service_url, autocommit=True) as session:
            session.execute(sql.encode())

    def analyze(self) -> None:
        """VACUUM ANALYZE, so that plans and costs speak of the data as it is now."""
        if self._session.info.server_version >= 170_000:
            self._session.execute("vacuum analyze")
            return
        # Before there was pg_maintain, each table of the catalog would be refused with a warning in the log.
        tables = self.value(_TABLES)
        if tables:
            self._session.execute(f"vacuum analyze {tables}")

    def report_statistics(self) -> int:
        """Report this session's statistics now, so that no recording takes its reads for the service's; how many
        statements have been run here so far (a session of its own counts as one)."""
        session = self._connection
        if session is not None and not session.closed and session.info.server_version >= 150_000:
            session.execute("select pg_catalog.pg_stat_force_next_flush()")
        return self._uses

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _session(self) -> psycopg.Connection[dict[str, Any]]:
        self._uses += 1
        if self._connection is None or self._connection.closed:
            self._connection = self.connect()
        else:
            self._connection.execute(self._settings)
        return self._connection


def _settings_for(connection: psycopg.Connection[dict[str, Any]]) -> tuple[str, ...]:
    known = connection.execute(
        "select from pg_catalog.pg_settings where name = 'restrict_nonsystem_relation_kind'"
    ).rowcount
    return (*_SETTINGS, _NO_VIEWS) if known else _SETTINGS
