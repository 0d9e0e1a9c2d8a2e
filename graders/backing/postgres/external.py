"""A PostgreSQL that already runs, lent for one run: a throwaway database and role on it, dropped at the end."""

from __future__ import annotations

import contextlib
import secrets
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from graders.backing.postgres.binaries import OLDEST
from graders.backing.postgres.cluster import Cluster
from graders.backing.postgres.dataset import Server, load_dataset, make_grader, make_role
from graders.backing.postgres.scram import new_password, verifier
from graders.backing.postgres.settings import STEADY, quoted, recording_settings
from graders.errors import DatabaseError, UsageError
from graders.logs.tail import ServerLog
from graders.packs.records import Dataset, Kata

if TYPE_CHECKING:
    import psycopg

_PREFIX = "kata_run_"
_RESTART = "and restart the server, or leave --postgres out: kata brings a PostgreSQL of its own."


@contextlib.contextmanager
def connect_external(url: str, kata: Kata, dataset: Dataset) -> Iterator[Cluster]:
    """A throwaway database with that dataset on the server at `url`, which must be a superuser's.

    The server's own settings are left as they are; the recording is switched on for the throwaway role alone. Raises
    UsageError for a URL that is none, DatabaseError with the setting to change where the server cannot be used.
    """
    server, first = _server_of(url)
    with server.connect(first) as session:
        version, log_format = _inspect(session)
        _drop_leftovers(session)
        name = _PREFIX + secrets.token_hex(6)
        # Held as long as this session lives, so that the next run can find what a killed one left.
        session.execute("select pg_catalog.pg_advisory_lock(%s)", [_lock_of(name)])
        log: ServerLog | None = None
        try:
            password, secret = _make(session, server, name, version), new_password()
            load_dataset(kata, dataset, server, name, name)
            session.execute(f"alter role {name} password '{verifier(password)}'")
            session.execute(f"alter role {_grader_of(name)} password '{verifier(secret)}'")
            log = ServerLog(server.url(name), log_format)
            yield Cluster(
                host=server.host,
                port=server.port,
                version=_version_text(version),
                log=log,
                admin_url=server.url(name),
                grader_url=server.url(name, _grader_of(name), secret),
                service_url=server.url(name, name, password),
                role=name,
                database=name,
            )
        finally:
            if log is not None:
                log.close()
            _drop(session, name)


def _server_of(url: str) -> tuple[Server, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError as error:
        raise UsageError(
            f"{url!r} is not a URL: {error}", hint="Write it as postgresql://user:password@host:5432/"
        ) from error
    if parts.scheme not in ("postgresql", "postgres") or not parts.hostname:
        raise UsageError(
            f"--postgres wants a URL with a host, and this is {url!r}",
            hint="Write it as postgresql://user:password@host:5432/postgres",
        )
    from psycopg.conninfo import conninfo_to_dict

    known = conninfo_to_dict(url)
    admin, password = str(known.get("user") or "postgres"), str(known.get("password") or "")
    return Server(parts.hostname, port, admin, password, parts.query), str(known.get("dbname") or "postgres")


def _inspect(session: psycopg.Connection) -> tuple[int, str]:
    """The server's version number and the log format that it writes."""
    version = session.info.server_version
    if version < OLDEST * 10_000:
        raise DatabaseError(
            f"that server is PostgreSQL {_version_text(version)}; the recording needs {OLDEST} or newer",
            hint="Leave --postgres out: kata brings a PostgreSQL of its own.",
        )
    if session.info.parameter_status("is_superuser") != "on":
        raise DatabaseError(
            f"{session.info.user} is not a superuser there",
            hint="Name a superuser in --postgres: only one may read the server's log.",
        )
    if _show(session, "logging_collector") != "on":
        raise DatabaseError(
            "that server does not collect its log",
            hint=f"alter system set logging_collector = on; {_RESTART}",
        )
    formats = [part.strip() for part in _show(session, "log_destination").split(",")]
    log_format = next((name for name in ("json", "csv") if f"{name}log" in formats), None)
    if log_format is None:
        wanted = "jsonlog" if version >= 150_000 else "csvlog"
        raise DatabaseError(
            f"that server writes its log as {', '.join(formats)} only",
            hint=f"alter system set log_destination = '{wanted}'; select pg_reload_conf();",
        )
    return version, log_format


def _show(session: psycopg.Connection, setting: str) -> str:
    row = session.execute("select pg_catalog.current_setting(%s)", [setting]).fetchone()
    return str(row[0]) if row else ""


def _make(session: psycopg.Connection, server: Server, name: str, version: int) -> str:
    """Database and role of that name, the recording switched on for both; gives the role's password."""
    import psycopg

    try:
        session.execute("load 'auto_explain'")
    except psycopg.Error as error:
        raise DatabaseError(
            f"that server has no auto_explain: {error.diag.message_primary}",
            hint="Install its contrib modules (package postgresql-contrib).",
        ) from error
    locale = "locale_provider builtin builtin_locale 'C.UTF-8'" if version >= 170_000 else ""
    session.execute(f"create database {name} template template0 encoding 'UTF8' locale 'C' {locale}")
    with server.connect(name) as inside:
        make_role(inside, name, name)
        make_grader(inside, _grader_of(name), name, name)
        inside.execute("load 'auto_explain'")
        settings = {
            **STEADY,
            **recording_settings(version // 10_000),
            "session_preload_libraries": "auto_explain",
        }
        for setting, value in settings.items():
            inside.execute(f"alter role {name} in database {name} set {setting} = {quoted(value)}")
    return new_password()


def _drop_leftovers(session: psycopg.Connection) -> None:
    """Drop what killed runs left on this server."""
    rows = session.execute(
        "select datname from pg_catalog.pg_database where datname ~ %s", [f"^{_PREFIX}[0-9a-f]{{12}}$"]
    ).fetchall()
    for (name,) in rows:
        taken = session.execute("select pg_catalog.pg_try_advisory_lock(%s)", [_lock_of(name)]).fetchone()
        if taken and taken[0]:
            _drop(session, name)
            session.execute("select pg_catalog.pg_advisory_unlock(%s)", [_lock_of(name)])


def _drop(session: psycopg.Connection, name: str) -> None:
    import psycopg

    # The server may have ended, and what is left is dropped by the next run.
    with contextlib.suppress(psycopg.Error):
        session.execute(f"drop database if exists {name} with (force)")
        for role in (_grader_of(name), name):
            if session.execute("select from pg_catalog.pg_roles where rolname = %s", [role]).rowcount:
                session.execute(f"drop owned by {role}")
                session.execute(f"drop role {role}")


def _grader_of(name: str) -> str:
    return f"{name}_grader"


def _lock_of(name: str) -> int:
    return zlib.crc32(name.encode())


def _version_text(version: int) -> str:
    return f"{version // 10_000}.{version % 10_000}"
