"""A real PostgreSQL for the tests of graders: one template cache a session, one cluster a test module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from graders.backing.postgres import Binaries, Cluster, dataset_template, find_binaries, start_cluster
from graders.backing.postgres.service import behind_a_wire
from graders.logs.recorder import Recorder
from graders.packs.records import Dataset, Environment, Kata

SMALL = Dataset("small", 1)
TABLES = ("item", "line", "audit")
SCHEMA = """
create table item (id bigint primary key, name text not null, price int not null);
create table line (id bigint primary key, item_id bigint not null references item, note text);
create function count_items(below bigint) returns bigint language plpgsql as $$
declare found bigint;
begin
  select count(*) into found from item where id < below;
  perform 1 from item where id = below;
  return found;
end $$;
create table audit (id bigint generated always as identity, item_id bigint);
create function note_item() returns trigger language plpgsql as $$
begin insert into audit (item_id) values (new.id); return new; end $$;
create trigger item_audit after insert on item for each row execute function note_item();
"""
SEED = """
insert into item select g, 'item ' || g, g from generate_series(1, 100 * current_setting('kata.scale')::int) g;
insert into line select g, 1 + g % 10, repeat('x', 50) from generate_series(1, 300) g;
"""


def write_kata(
    folder: Path, schema: str = SCHEMA, seed: str = SEED, environment: Environment | None = None
) -> Kata:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.sql").write_text(schema)
    (folder / "seed.sql").write_text(seed)
    return Kata(
        slug="tests", title="Tests", level="core", minutes=1, summary="", skills=(),
        environment=environment or Environment(), checks=(), hints={}, traps=(), starter_fails=(), folder=folder,
    )  # fmt: skip


@pytest.fixture(scope="session")
def make_kata() -> Callable[..., Kata]:
    return write_kata


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    return find_binaries()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def cluster(binaries: Binaries, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The dataset of SCHEMA and SEED."""
    kata = write_kata(tmp_path_factory.mktemp("kata"))
    template = dataset_template(kata, SMALL, binaries, cache=cache)
    runs = tmp_path_factory.mktemp("runs")
    with start_cluster(template, binaries, run_dir=runs) as cluster, behind_a_wire(cluster) as metered:
        yield metered


@pytest.fixture(scope="module")
def recorder(cluster: Cluster) -> Iterator[Recorder]:
    meter = cluster.evidence.meter()
    with Recorder(cluster.admin_url, cluster.log, wire=meter, tables=TABLES) as recorder:
        yield recorder


@pytest.fixture
def service(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A session of the service's role."""
    with psycopg.connect(cluster.service_url) as session:
        yield session
