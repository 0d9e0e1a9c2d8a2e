"""Who a check connects as: an ordinary owner of a database of its own, and onlookers that are not superusers either.

What a migration leaves behind (defaults, triggers, generated columns, functions) runs in the session of whoever
touches its tables. So nothing of it is touched as a superuser, from the first statement of a migration on.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from graders.backing.postgres import Cluster
from graders.backing.postgres.dataset import GRADER, ROLE
from graders.backing.postgres.scram import FEWEST, new_password, verifier
from graders.libpq import connect

# The template of graded runs hides who is connected and what is locked; here it is what PostgreSQL grants to everybody.
_SHOW_ACTIVITY = """
do $$
declare one pg_catalog.regprocedure;
begin
    for one in select p.oid from pg_catalog.pg_proc as p where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
        and p.proname ~ '^pg_stat_get_(activity|backend_.*|progress_info|wal_senders)$|^pg_lock_status$'
    loop
        execute pg_catalog.format('grant execute on function %s to public', one);
    end loop;
end $$
"""


@dataclass(frozen=True, slots=True)
class Logins:
    """URLs of one database. `owner` runs the migrations; `onlooker` reads and writes all rows, past row security;
    `filler` is the same with triggers and foreign keys off; `admin` is the superuser, in another database."""

    owner: str = field(repr=False)
    onlooker: str = field(repr=False)
    filler: str = field(repr=False)
    admin: str = field(repr=False)


@contextmanager
def fresh_database(cluster: Cluster) -> Iterator[Logins]:
    """An empty database, dropped when the block ends with all roles that were made in the meantime."""
    name = f"attempt_{secrets.token_hex(4)}"
    with connect(cluster.admin_url, autocommit=True) as admin:
        _make_way(admin)
        before = _roles(admin)
        try:
            yield _make(admin, cluster, name)
        finally:
            admin.execute(f"drop database if exists {name} with (force)".encode())
            _drop(admin, _roles(admin) - before)


def _make(admin: psycopg.Connection[Any], cluster: Cluster, name: str) -> Logins:
    secret = new_password()
    owner, onlooker, filler = (f"{role}_of_{name}" for role in ("owner", "onlooker", "filler"))
    for statement in _statements(admin.info.server_version, owner, (onlooker, filler), secret):
        admin.execute(statement.encode())
    admin.execute(f"create database {name} template {cluster.database} owner {owner}".encode())
    base, _, _ = cluster.admin_url.rpartition("/")
    with connect(f"{base}/{name}", autocommit=True) as inside:
        # The template takes from everybody what PostgreSQL grants; roles of a migration may be given tables there.
        inside.execute("grant all on schema public to public")
        inside.execute(_SHOW_ACTIVITY)

    def url(role: str) -> str:
        return f"postgresql://{role}:{secret}@{cluster.host}:{cluster.port}/{name}"

    return Logins(url(owner), url(onlooker), url(filler), cluster.admin_url)


def _statements(version: int, owner: str, onlookers: tuple[str, str], secret: str) -> Iterator[str]:
    # Before 16, CREATEROLE was as good as any predefined role, pg_execute_server_program among them.
    attributes = "createrole" if version >= 160_000 else "nocreaterole"
    password = f"password '{verifier(secret, FEWEST)}'"
    yield f"create role {owner} login nosuperuser nocreatedb {attributes} {password}"
    if version >= 160_000:
        # Roles that it makes can be given tables, as where a migration's role has been set up for that.
        yield f"alter role {owner} set createrole_self_grant = 'set, inherit'"
    powers = [
        owner,
        "pg_read_all_data",
        "pg_write_all_data",
        *(["pg_maintain"] if version >= 170_000 else []),
    ]
    for role in onlookers:
        yield f"create role {role} login nosuperuser bypassrls {password}"
        yield f"grant {', '.join(powers)} to {role}"
    # Set for the role and not by its sessions: before 15 only a superuser may set it.
    yield f"alter role {onlookers[1]} set session_replication_role = replica"


def _make_way(admin: psycopg.Connection[Any]) -> None:
    """Rename the cluster's own roles, whose names a migration may want to use."""
    for role in _roles(admin) & {ROLE, GRADER}:
        admin.execute(f"alter role {role} rename to kata_{role}".encode())


def _roles(admin: psycopg.Connection[Any]) -> frozenset[str]:
    rows = admin.execute("select quote_ident(rolname) from pg_roles where rolname !~ '^pg_'").fetchall()
    return frozenset(str(row[0]) for row in rows)


def _drop(admin: psycopg.Connection[Any], roles: frozenset[str]) -> None:
    """At once, since memberships refer to each other. What is left only keeps its name, until the cluster ends."""
    with contextlib.suppress(psycopg.Error):
        if roles:
            admin.execute(f"drop role {', '.join(sorted(roles))}".encode())
