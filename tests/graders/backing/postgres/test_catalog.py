"""The catalog of a live database: what it says, when it is read again, and who cannot change what is read."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from graders.backing.postgres import Cluster
from graders.backing.postgres.catalog import CatalogReader, load_catalog
from graders.errors import DatabaseError
from graders.packs.loader import open_packs
from graders.sql.catalog import Catalog, Index
from graders.sql.plans.index_advice import missing_indexes

KATAS = ("api-design", "idempotent-payments", "keyset-pagination", "n-plus-one", "token-auth")


@pytest.fixture
def reader(cluster: Cluster) -> Iterator[CatalogReader]:
    reader = CatalogReader(cluster.admin_url)
    yield reader
    reader.close()


def test_tables_come_with_keys_and_foreign_keys(reader: CatalogReader) -> None:
    catalog = reader.current()
    line = catalog.table("line")
    assert line is not None and line.primary_key == ("id",)
    assert [(key.columns, key.target, key.target_columns) for key in line.foreign_keys] == [
        (("item_id",), "item", ("id",))
    ]
    assert line.is_unique({"id", "note"}) and not line.is_unique({"item_id"})
    note = line.column("note")
    assert note is not None and note.type == "text" and note.nullable
    assert not line.row_security
    assert [table.name for table, _ in catalog.referencing("item")] == ["line"]


CHANGES = (
    "create table fresh (id int)",
    "alter table fresh add column name text not null default ''",
    "create index fresh_name on fresh (name desc nulls last, id)",
    "alter table fresh add constraint fresh_key primary key (id)",
    "alter table fresh rename column name to label",
    "alter table fresh alter column label drop not null",
    "alter table fresh drop column label",
    "create policy own on fresh using (true)",
    "drop table fresh",
)


def test_it_is_read_again_whenever_the_service_changed_the_schema(
    cluster: Cluster, reader: CatalogReader
) -> None:
    with psycopg.connect(cluster.service_url, autocommit=True) as service:
        before = reader.current()
        for change in CHANGES:
            service.execute(change)
            now = reader.current()
            assert now != before, change
            assert now == _read_at_once(cluster), change
            before = now


def test_it_is_not_read_again_while_rows_change(cluster: Cluster, reader: CatalogReader) -> None:
    before = reader.current()
    with psycopg.connect(cluster.service_url, autocommit=True) as service:
        service.execute("insert into item values (9000, 'new', 1)")
        service.execute("delete from item where id = 9000")
        service.execute("analyze item")
    assert reader.current() is before


def test_the_order_of_an_indexs_keys_is_known(cluster: Cluster, reader: CatalogReader) -> None:
    with psycopg.connect(cluster.service_url, autocommit=True) as service:
        service.execute("create table ranked (a int, b int, c int, d int)")
        service.execute("create index ranked_all on ranked (a, b desc, c nulls first, d desc nulls last)")
    table = reader.current().table("ranked")
    assert table is not None
    assert table.indexes[0].orders == ("", "DESC", "NULLS FIRST", "DESC NULLS LAST")


def test_nothing_of_the_service_answers_for_the_catalog(cluster: Cluster, reader: CatalogReader) -> None:
    with psycopg.connect(cluster.service_url, autocommit=True) as service:
        service.execute("create table public.pg_index (indrelid oid, indexrelid oid)")
        service.execute("create function public.md5(text) returns text language sql as $$ select 'same' $$")
        service.execute(
            "create function public.unnest(int2[]) returns setof int2 language sql as $$ select 0::int2 $$"
        )
        first = reader.current()
        service.execute("create table unseen (id int primary key)")
        assert reader.current() != first
        table = reader.current().table("unseen")
        assert table is not None and table.primary_key == ("id",)


def test_a_table_that_the_service_has_locked_is_read_all_the_same(
    cluster: Cluster, reader: CatalogReader, service: psycopg.Connection
) -> None:
    service.execute("lock table item in access exclusive mode")
    assert reader.current().table("item") is not None
    service.rollback()


def test_a_server_that_is_gone_is_a_clear_error() -> None:
    with pytest.raises(DatabaseError, match="the database's catalog cannot be read"):
        CatalogReader("postgresql://postgres:x@127.0.0.1:1/kata").current()


@pytest.fixture(params=KATAS)
def schema(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A session whose transaction has made the schema of one of the katas."""
    kata = open_packs().kata(request.param)
    with psycopg.connect(cluster.admin_url) as session, session.transaction(force_rollback=True):
        session.execute("create schema of_kata")
        session.execute("set local search_path = of_kata, public")
        for extension in kata.environment.extensions:
            session.execute(f'create extension if not exists "{extension}"'.encode())
        session.execute((kata.folder / "schema.sql").read_bytes())
        yield session


def test_no_advice_names_an_index_that_a_kata_has(schema: psycopg.Connection) -> None:
    catalog = load_catalog(schema)
    tried = 0
    for table, index in _plain_indexes(catalog):
        for plan in _plans_without(table, index):
            tried += 1
            without = missing_indexes(plan)
            assert without and without[0].definition, "the plan provokes the advice where no catalog is known"
            for advice in missing_indexes(plan, catalog):
                assert not _is_redundant(schema, advice.definition), (advice.definition, index)
    assert tried >= 5


def _plain_indexes(catalog: Catalog) -> Iterator[tuple[str, Index]]:
    for table in (table for table in catalog.tables if table.schema == "of_kata"):
        for index in table.indexes:
            if index.method == "btree" and not index.predicate and None not in index.keys:
                yield table.name, index


def _plans_without(table: str, index: Index) -> Iterator[dict[str, object]]:
    """Plans that pass over the whole table though this index would serve: by filter, join and order."""
    scan = {
        "Node Type": "Seq Scan",
        "Relation Name": table,
        "Alias": table,
        "Actual Rows": 90_000,
        "Actual Loops": 1,
    }
    one = {"Actual Rows": 1, "Actual Loops": 1}
    first, *_ = keys = [str(key) for key in index.keys]
    asked = " AND ".join(f"({key} = 1)" for key in keys)
    yield {
        **scan,
        **one,
        "Rows Removed by Filter": 90_000,
        "Filter": asked if len(keys) == 1 else f"({asked})",
    }
    other = {"Node Type": "Index Scan", "Relation Name": "other", "Alias": "o", **one}
    yield {
        "Node Type": "Hash Join",
        "Hash Cond": f"({table}.{first} = o.{first})",
        **one,
        "Plans": [scan, other],
    }
    orders = index.orders or ("",) * len(keys)
    backwards = {"": "DESC", "DESC": "", "NULLS FIRST": "DESC NULLS LAST", "DESC NULLS LAST": "NULLS FIRST"}
    for direction in (orders, [backwards[order] for order in orders]):
        sort_keys = [f"{key} {order}".strip() for key, order in zip(keys, direction, strict=True)]
        sort = {"Node Type": "Sort", "Sort Key": sort_keys, **one, "Plans": [scan]}
        yield {"Node Type": "Limit", **one, "Plans": [sort]}


def _is_redundant(session: psycopg.Connection, definition: str) -> bool:
    """Whether PostgreSQL describes an index made by this as one that is there already."""
    with session.transaction(force_rollback=True):
        session.execute(definition.replace("CREATE INDEX ON", "CREATE INDEX kata_advice ON").encode())
        rows = session.execute(
            "select indexrelid::regclass::text, regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', '')"
            " from pg_index where indrelid = (select indrelid from pg_index where indexrelid = 'kata_advice'::regclass)"
        ).fetchall()
    made = next(text for name, text in rows if name == "kata_advice")
    return any(text == made for name, text in rows if name != "kata_advice")


def _read_at_once(cluster: Cluster) -> Catalog:
    with psycopg.connect(cluster.admin_url) as session:
        return load_catalog(session)
