"""What a template holds: the database, the roles, a kata's schema and seed."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from graders.errors import PackError
from graders.kata import Kata, World
from graders.postgres.scram import new_password, verifier

if TYPE_CHECKING:
    import psycopg

DATABASE = "kata"
ROLE = "app"
SEED = 1
_DATABASE_SQL = """
drop database postgres;
alter database template0 is_template false;
update pg_database set datallowconn = true where datname = 'template0';
drop database template0;
"""
_ROLE_SQL = f"""
create role {ROLE} login nosuperuser nocreatedb nocreaterole noreplication connection limit 100;
revoke all on database {DATABASE} from public;
grant connect, temporary on database {DATABASE} to {ROLE};
revoke all on schema public from public;
grant all on schema public to {ROLE};
"""


def url(role: str, password: str, host: str, port: int, database: str = DATABASE) -> str:
    return f"postgresql://{role}:{password}@{host}:{port}/{database}"


def seed_of(kata: Kata, world: World) -> tuple[bytes, ...]:
    """Everything that decides what a world's template holds."""
    extensions = ",".join(kata.environment.extensions)
    return (
        f"{world.scale}:{SEED}:{extensions}".encode(),
        *(_read(kata.folder / name) for name in ("schema.sql", "seed.sql")),
    )


def make_database(port: int, password: str) -> None:
    """Leave one database, `kata`, and the role of the service; every file less is a file less to copy for each run."""
    with _connect("postgres", password, port, "postgres") as session:
        session.execute(f"alter database template1 rename to {DATABASE}")
    with _connect("postgres", password, port) as session:
        session.execute(f"alter database {DATABASE} is_template false")
        for statement in _DATABASE_SQL.strip().splitlines():
            session.execute(statement)
        session.execute(_ROLE_SQL)


def load_world(kata: Kata, world: World, port: int, password: str) -> None:
    """Load extensions as the superuser, schema and seed as the service's role, then vacuum and analyze.

    Raises PackError with the file and line for SQL that PostgreSQL refuses.
    """
    import psycopg

    own = new_password()
    with _connect("postgres", password, port) as session:
        for extension in kata.environment.extensions:
            try:
                session.execute(f'create extension if not exists "{extension}" cascade')
            except psycopg.Error as error:
                raise PackError(
                    f"the extension {extension!r} cannot be created: {error}",
                    path=kata.folder / "kata.yaml",
                    hint="Use an extension that comes with PostgreSQL's contrib modules.",
                ) from error
        session.execute(f"alter role {ROLE} password '{verifier(own)}'")
        with _connect(ROLE, own, port) as app:
            app.execute("select set_config('kata.scale', %s, false)", [str(world.scale)])
            app.execute("select set_config('kata.seed', %s, false)", [str(SEED)])
            for name in ("schema.sql", "seed.sql"):
                _run_file(app, kata.folder / name)
        session.execute(f"alter role {ROLE} password null")
        session.execute("vacuum (analyze)")
        session.execute("checkpoint")


def tidy(data: Path) -> None:
    """Remove what a stopped cluster does not need."""
    for name in ("startup.txt", "postmaster.opts"):
        (data / name).unlink(missing_ok=True)
    for leftover in (data / "log", data / "pg_wal" / "summaries"):
        with contextlib.suppress(OSError):
            for path in leftover.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _run_file(session: psycopg.Connection, path: Path) -> None:
    import psycopg

    text = _read(path).decode()
    if not text.strip():
        return
    try:
        session.execute(text)
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = text.count("\n", 0, int(position)) + 1 if position else None
        where = f" ({error.diag.context})" if error.diag.context else ""
        raise PackError(
            f"PostgreSQL refuses this: {error.diag.message_primary or error}{where}",
            path=path,
            line=line,
            hint="Mend the SQL; it is run as the service's role, without psql's own commands.",
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackError(
            f"cannot be read: {error.strerror}", path=path, hint="Every kata has a schema.sql and a seed.sql."
        ) from error


def _connect(role: str, password: str, port: int, database: str = DATABASE) -> psycopg.Connection:
    import psycopg

    return psycopg.connect(
        url(role, password, "127.0.0.1", port, database), autocommit=True, connect_timeout=20
    )
