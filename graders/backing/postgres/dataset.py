"""What a kata's database holds: the role of the service, the extensions, the schema and the seed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from graders.backing.postgres.identity import Identity
from graders.backing.postgres.scram import FEWEST, new_password, verifier
from graders.errors import DatabaseError, PackError
from graders.libpq import connect
from graders.packs.records import Dataset, Kata

if TYPE_CHECKING:
    import psycopg

DATABASE = "kata"
ROLE = "app"
GRADER = "grader"
SEED = 1
_LOAD_TIMEOUT = "10min"
# Who else is connected, since when, and what they wait for: from these a service could find out that it is measured.
_HIDE_ACTIVITY = """
do $$
declare one pg_catalog.regprocedure;
begin
    for one in select p.oid from pg_catalog.pg_proc as p where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
        and p.proname ~ '^pg_stat_get_(activity|backend_.*|progress_info|wal_senders)$|^pg_lock_status$'
    loop
        execute pg_catalog.format('revoke execute on function %s from public', one);
        execute pg_catalog.format('grant execute on function %s to pg_read_all_stats', one);
    end loop;
end $$
"""
_LEAVE_ONE_DATABASE = (
    "drop database postgres",
    "alter database template0 is_template false",
    "drop database template0",
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens and who its superuser is. `options`: more of the URL's query, such as sslmode."""

    host: str
    port: int
    admin: str
    password: str = field(repr=False)
    options: str = ""

    def url(self, database: str, role: str | None = None, password: str | None = None) -> str:
        """The superuser's URL of a database, or another role's."""
        name, secret = quote(role or self.admin, safe=""), quote(password or self.password, safe="")
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = f"?{self.options}" if self.options else ""
        return f"postgresql://{name}:{secret}@{host}:{self.port}/{quote(database, safe='')}{query}"

    @contextlib.contextmanager
    def connect(
        self, database: str, role: str | None = None, password: str | None = None
    ) -> Iterator[psycopg.Connection]:
        """A session in autocommit. DatabaseError if the server cannot be reached."""
        import psycopg

        try:
            session = connect(self.url(database, role, password), autocommit=True, connect_timeout=20)
        except psycopg.Error as error:
            raise DatabaseError(
                f"cannot connect to PostgreSQL on {self.host}:{self.port} as {role or self.admin}: {error}",
                hint=_why_unreachable(str(error)),
            ) from error
        with session:
            yield session


def _why_unreachable(said: str) -> str:
    if "unreachable" in said:
        return "The loopback interface of this machine is down: start it (`ip link set lo up`)."
    if "SSL exchange" in said:
        return "It could not start a process for this session: end other programs, or raise the limit (ulimit -u)."
    return "Is it running, and are the user and the password right?"


def seed_of(kata: Kata, dataset: Dataset) -> tuple[bytes, ...]:
    """Everything that decides what a dataset's database holds."""
    extensions = ",".join(kata.environment.extensions)
    return (
        f"{dataset.scale}:{SEED}:{extensions}".encode(),
        *(_read(path) for path in sql_files(kata)),
    )


def sql_files(kata: Kata) -> tuple[Path, ...]:
    """What is loaded, in this order: nothing for a kata without schema.sql, whose service makes its own tables."""
    schema, seed = kata.folder / "schema.sql", kata.folder / "seed.sql"
    return (schema, seed) if schema.exists() or seed.exists() else ()


def make_database(server: Server) -> None:
    """Leave one database, `kata`, and the service's role: every file less is one less to copy for each run."""
    with server.connect("postgres") as session:
        session.execute(f"alter database template1 rename to {DATABASE}")
    with server.connect(DATABASE) as session:
        session.execute(f"alter database {DATABASE} is_template false")
        for statement in _LEAVE_ONE_DATABASE:
            session.execute(statement)
        make_role(session, ROLE, DATABASE)
        make_grader(session, GRADER, ROLE, DATABASE)
        session.execute(_HIDE_ACTIVITY)
        session.execute(f"alter role {server.admin} password '{verifier(server.password, FEWEST)}'")


def make_role(session: psycopg.Connection, role: str, database: str) -> None:
    """The service's role: no superuser, may create in the schema `public` of that database and nothing else."""
    for statement in (
        f"create role {role} login nosuperuser nocreatedb nocreaterole noreplication connection limit 100",
        f"revoke all on database {database} from public",
        f"grant connect, temporary on database {database} to {role}",
        "revoke all on schema public from public",
        f"grant all on schema public to {role}",
    ):
        session.execute(statement)


def make_grader(session: psycopg.Connection, grader: str, role: str, database: str) -> None:
    """The role of the suite: it reads and writes every table, and owns and creates nothing.

    It is not a superuser. Triggers, defaults and operators of a service run in the session of whoever touches its
    tables. There they must gain nothing that lasts: no function or view that is the grader's, no temporary table in
    place of a real one. Before PostgreSQL 17 only a member of the owner's role may analyze its tables.
    """
    version = session.info.server_version
    powers = ["pg_read_all_data", "pg_write_all_data", "pg_read_all_stats", "pg_signal_backend"]
    powers.append("pg_maintain" if version >= 170_000 else role)
    session.execute(
        f"create role {grader} login nosuperuser nocreatedb nocreaterole noreplication bypassrls connection limit 100"
    )
    session.execute(f"grant {', '.join(powers)} to {grader}")
    session.execute(f"grant connect on database {database} to {grader}")
    # PostgreSQL 14 has no grant for a parameter: there the suite has to be a superuser to load rows past triggers.
    lift = f"grant set on parameter session_replication_role to {grader}"
    session.execute(lift if version >= 150_000 else f"alter role {grader} superuser")


def load_dataset(kata: Kata, dataset: Dataset, server: Server, role: str, database: str) -> None:
    """Load extensions as the superuser, schema and seed as the service's role, then vacuum and analyze.

    Raises PackError with the file and line for SQL that PostgreSQL refuses.
    """
    password = new_password()
    with server.connect(database) as session:
        _create_extensions(session, kata)
        session.execute(f"alter role {role} password '{verifier(password)}'")
        with server.connect(database, role, password) as own:
            own.execute(f"set statement_timeout = '{_LOAD_TIMEOUT}'")
            own.execute("select set_config('kata.scale', %s, false)", [str(dataset.scale)])
            own.execute("select set_config('kata.seed', %s, false)", [str(SEED)])
            for path in sql_files(kata):
                _run_file(own, path)
        session.execute(f"alter role {role} password null")
        session.execute("vacuum (analyze)")
        session.execute("checkpoint")


def tidy(data: Path, bin: Path, identity: Identity) -> None:
    """Remove what a stopped cluster does not need, so that copies are small: the WAL of its making above all."""
    if (bin / "pg_resetwal").exists():
        identity.run([bin / "pg_resetwal", "-D", data])
    for name in ("startup.txt", "postmaster.opts"):
        (data / name).unlink(missing_ok=True)
    summaries = data / "pg_wal" / "summaries"
    if summaries.is_dir():
        shutil.rmtree(summaries)
        summaries.mkdir(mode=0o700)


def _create_extensions(session: psycopg.Connection, kata: Kata) -> None:
    import psycopg

    for extension in kata.environment.extensions:
        name = extension.replace('"', '""')
        try:
            session.execute(f'create extension if not exists "{name}" cascade')
        except psycopg.Error as error:
            raise PackError(
                f"the extension {extension!r} cannot be created: {error.diag.message_primary or error}",
                path=kata.folder / "kata.yaml",
                hint="Use an extension that comes with PostgreSQL's contrib modules.",
            ) from error


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
        full = isinstance(error, psycopg.errors.DiskFull)
        if full or (isinstance(error, psycopg.OperationalError) and error.diag.sqlstate is None):
            raise _not_the_packs(path, error, full) from error
        raise PackError(
            f"PostgreSQL refuses this: {error.diag.message_primary or error}{where}",
            path=path,
            line=line,
            hint="Correct the SQL; it is run as the service's role, without psql's own commands.",
        ) from error


def _not_the_packs(path: Path, error: Exception, full: bool) -> DatabaseError:
    return DatabaseError(
        f"PostgreSQL could not load {path}: {error}",
        hint="The disk is full: free some space and run the command again."
        if full
        else "Is this machine out of memory or disk? Run the command again.",
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackError(
            f"cannot be read: {error.strerror}",
            path=path,
            hint="A kata has both schema.sql and seed.sql, or neither.",
        ) from error
