"""Whether schema.sql and seed.sql give the same rows each time: a kept load compared with a new one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graders.backing.postgres.binaries import Binaries
from graders.backing.postgres.copying import copy_tree
from graders.backing.postgres.dataset import DATABASE, ROLE, Server, load_dataset
from graders.backing.postgres.identity import server_identity
from graders.backing.postgres.initdb import ADMIN
from graders.backing.postgres.server import HOST, running_server
from graders.backing.postgres.template import Template, dataset_template, empty_template
from graders.packs.records import Dataset, Kata
from graders.sandbox.rundir import run_directory

if TYPE_CHECKING:
    import psycopg

# Table -> column -> a number that follows from the column's values in any order; "" counts the rows.
Contents = Mapping[str, Mapping[str, int]]

_COLUMNS = """
select format('%I.%I', n.nspname, c.relname),
       coalesce(array_agg(a.attname::text order by a.attnum) filter (where a.attnum > 0 and not a.attisdropped), '{}')
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_attribute a on a.attrelid = c.oid
 where c.relkind in ('r', 'm') and c.relispopulated and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
 group by 1
"""
_SEQUENCES = "select format('%I.%I', schemaname, sequencename), last_value from pg_catalog.pg_sequences"


def differing_rows(
    kata: Kata, dataset: Dataset, binaries: Binaries, *, cache: Path, runs: Path
) -> Mapping[str, tuple[str, ...]]:
    """The tables (with their schema) whose rows differ between two loads, each with the columns that differ.

    No column is named where only the number of rows differs. The first load is the template in the cache, which may
    be days old. Raises PackError for SQL that PostgreSQL refuses, DatabaseError for what is wrong with the machine.
    """
    kept = dataset_template(kata, dataset, binaries, cache=cache)
    with _server_on(kept, binaries, runs) as server:
        first = _contents(server)
    with _server_on(empty_template(binaries, cache=cache), binaries, runs) as server:
        load_dataset(kata, dataset, server, ROLE, DATABASE)
        second = _contents(server)
    return {
        table: _columns(first.get(table, {}), second.get(table, {}))
        for table in sorted({*first, *second})
        if first.get(table) != second.get(table)
    }


def _columns(first: Mapping[str, int], second: Mapping[str, int]) -> tuple[str, ...]:
    if first.get("") != second.get(""):
        return ()
    return tuple(sorted(name for name in {*first, *second} if first.get(name) != second.get(name)))


@contextlib.contextmanager
def _server_on(template: Template, binaries: Binaries, runs: Path) -> Iterator[Server]:
    identity = server_identity()
    mode = 0o711 if identity.changes else 0o700
    with run_directory(runs, need=4 * template.bytes, mode=mode) as run:
        data = run.path / "data"
        copy_tree(template.path, data, identity)
        with running_server(data, binaries, identity, recorded=False, started=run.adopt_server) as port:
            yield Server(HOST, port, ADMIN, template.password)


def _contents(server: Server) -> Contents:
    with server.connect(DATABASE) as session:
        found = {
            str(table): _hashes(session, str(table), columns) for table, columns in session.execute(_COLUMNS)
        }
        found |= {str(name): {"last_value": last or 0} for name, last in session.execute(_SEQUENCES)}
    return found


def _hashes(session: psycopg.Connection, table: str, columns: list[str]) -> dict[str, int]:
    quoted = ['"' + name.replace('"', '""') + '"' for name in columns]
    sums = "".join(f", sum(hashtextextended({name}::text, 0)::numeric)" for name in quoted)
    # Equal columns can still be paired otherwise: the whole row counts as well.
    row = session.execute(
        f"select count(*), sum(hashtextextended(kata_row::text, 0)::numeric){sums} from {table} as kata_row"
    ).fetchone()
    assert row is not None
    return dict(zip(("", "(whole row)", *columns), (int(value or 0) for value in row), strict=True))
