"""A cluster of one run: a copy of a template, started on a random port with passwords of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from graders.backing.postgres.binaries import Binaries
from graders.backing.postgres.copying import copy_tree
from graders.backing.postgres.dataset import DATABASE, GRADER, ROLE, Server
from graders.backing.postgres.identity import server_identity
from graders.backing.postgres.initdb import ADMIN
from graders.backing.postgres.scram import FEWEST, new_password, verifier
from graders.backing.postgres.server import HOST, NotStartedError, running_server
from graders.backing.postgres.settings import LOG_NAME, UNRECORDED, log_format
from graders.backing.postgres.template import Template, empty_template
from graders.backing.postgres.wire import WireClient, WirePlace
from graders.errors import DatabaseError
from graders.logs.tail import FileLog, LogPlace, LogSource
from graders.packs.placeholders import postgres_values
from graders.sandbox.rundir import run_directory


@dataclass(frozen=True, slots=True)
class PostgresAccess:
    """How a suite's process reaches a cluster: `admin_url` to record, `grader_url` to ask and change; `service_url` and
    `service_role` are the submission's; `log` is where PostgreSQL writes it; `wire` counts what crosses, where all of
    the service's sessions come through one."""

    admin_url: str
    grader_url: str
    service_url: str
    service_role: str
    log: LogPlace
    wire: WirePlace | None = None

    def meter(self) -> WireClient | None:
        """A client of the wire's meter; None where there is no wire."""
        return None if self.wire is None else WireClient(self.wire)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL: `directory` holds its files (None: on a server that is not ours); `admin_url` for the
    superuser, who only records; `grader_url` for the role that asks and changes what the service owns; `service_url`
    for the role of the service, over the `wire` where there is one."""

    host: str
    port: int
    version: str
    log: LogSource
    admin_url: str = field(repr=False)
    grader_url: str = field(repr=False)
    service_url: str = field(repr=False)
    directory: Path | None = None
    role: str = ROLE
    database: str = DATABASE
    wire: WirePlace | None = None
    name: ClassVar[str] = "postgres"

    @property
    def variables(self) -> Mapping[str, str]:
        return {"DATABASE_URL": self.service_url}

    @property
    def values(self) -> Mapping[str, str]:
        return postgres_values(self.service_url)

    def end_service_sessions(self) -> None:
        """End the sessions of the service: a statement goes on for a while where its client has been killed."""
        import psycopg

        from graders.libpq import connect

        with contextlib.suppress(psycopg.Error), connect(self.admin_url, autocommit=True) as session:
            session.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [self.role]
            )

    @property
    def evidence(self) -> PostgresAccess:
        return PostgresAccess(
            self.admin_url, self.grader_url, self.service_url, self.role, self.log.place, self.wire
        )


@contextlib.contextmanager
def start_cluster(template: Template | None, binaries: Binaries, *, run_dir: Path) -> Iterator[Cluster]:
    """A private cluster that holds the template's dataset (None: an empty one), removed when the block ends.

    `run_dir` remembers what runs, for `reap`, and holds the cluster where shared memory has no room. Raises
    DatabaseError if it cannot be copied or started.
    """
    template = template or empty_template(binaries, cache=run_dir)
    identity = server_identity()
    mode = 0o711 if identity.changes else 0o700
    with (
        run_directory(run_dir, need=4 * template.bytes, mode=mode) as run,
        ThreadPoolExecutor(1) as aside,
    ):
        secrets = aside.submit(_new_secrets)
        data = run.path / "data"
        copy_tree(template.path, data, identity)
        with running_server(
            data, binaries, identity, durable=template.durable, started=run.adopt_server
        ) as port:
            server = Server(HOST, port, ADMIN, template.password)
            admin, grader, service = _settle(server, secrets)
            log_file = data / "log" / f"{LOG_NAME}.{log_format(binaries.major)}"
            yield Cluster(
                host=HOST,
                port=port,
                version=binaries.version,
                log=FileLog(log_file, log_format(binaries.major)),
                admin_url=server.url(DATABASE, ADMIN, admin),
                grader_url=server.url(DATABASE, GRADER, grader),
                service_url=server.url(DATABASE, ROLE, service),
                directory=data,
            )


@dataclass(frozen=True, slots=True)
class _Secret:
    password: str
    verifier: str


def _new_secrets() -> tuple[_Secret, _Secret, _Secret]:
    """Made while the server starts, with the driver's import, since neither needs it."""
    import psycopg  # noqa: F401

    admin, grader, service = new_password(), new_password(), new_password()
    return (
        _Secret(admin, verifier(admin, FEWEST)),
        _Secret(grader, verifier(grader, FEWEST)),
        _Secret(service, verifier(service)),
    )


def _settle(server: Server, secrets: Future[tuple[_Secret, _Secret, _Secret]]) -> tuple[str, str, str]:
    """Give this cluster's roles their own passwords."""
    admin, grader, service = secrets.result()
    import psycopg

    try:
        with server.connect(DATABASE) as session:
            session.execute(
                f"alter role {ADMIN} password '{admin.verifier}'; alter role {ROLE} password '{service.verifier}';"
                f" alter role {GRADER} password '{grader.verifier}'; {_unrecorded(GRADER)}"
            )
    except (psycopg.Error, DatabaseError) as error:
        raise NotStartedError(
            f"PostgreSQL started, and cannot be used: {str(error).strip()}",
            hint="The template that it was copied from may be damaged; the next run makes another one.",
        ) from error
    return admin.password, grader.password, service.password


def _unrecorded(role: str) -> str:
    """Log no statement and no plan of that role: windows read the service's role alone, and what the suite asks and
    changes would be four fifths of the log."""
    return " ".join(f"alter role {role} set {setting} = {value};" for setting, value in UNRECORDED.items())
