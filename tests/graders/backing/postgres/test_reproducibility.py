"""Two loads of a dataset compared: what differs, by table and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graders.backing.postgres import Binaries
from graders.backing.postgres.reproducibility import differing_rows
from graders.packs.records import Dataset, Kata

SCHEMA = """
create table item (id bigint primary key, name text not null, made_at timestamptz not null default now());
create table part (id bigint generated always as identity, item_id bigint);
create materialized view names as select name from item with no data;
"""
STEADY = "insert into item values (1, 'a', '2025-01-01Z'), (2, 'b', '2025-01-01Z');"
CASES = {
    "the same rows": (STEADY, {}),
    "the same rows in another order": (
        "insert into item select n, 'x', '2025-01-01Z' from generate_series(1, 50) n order by random();",
        {},
    ),
    "a default of the schema": (
        "insert into item (id, name) values (1, 'a');",
        {"public.item": ("(whole row)", "made_at")},
    ),
    "a random value": (
        STEADY + "insert into part (item_id) select (random() * 1e9)::int from generate_series(1, 5);",
        {"public.part": ("(whole row)", "item_id")},
    ),
    "other pairs of the same values": (
        (
            "insert into item select n, m::text, '2025-01-01Z' from (select row_number() over () n, m from"
            " (select m from generate_series(1, 200) m order by random()) x) y;"
        ),
        {"public.item": ("(whole row)",)},
    ),
    "another number of rows": (
        "insert into part (item_id) select 1 from generate_series(1, 1 + (random() * 1e5)::int);",
        {"public.part": (), "public.part_id_seq": ("last_value",)},
    ),
    "a view of what differs": (
        (
            "insert into item (id, name, made_at) values (1, md5(random()::text), '2025-01-01Z');"
            "refresh materialized view names;"
        ),
        {"public.item": ("(whole row)", "name"), "public.names": ("(whole row)", "name")},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_two_loads_are_compared_by_their_values(
    case: str, binaries: Binaries, cache: Path, tmp_path: Path, make_kata: Callable[..., Kata]
) -> None:
    seed, expected = CASES[case]
    kata = make_kata(tmp_path / "kata", SCHEMA, seed)
    found = differing_rows(kata, Dataset("small", 1), binaries, cache=cache, runs=tmp_path / "runs")
    assert found == expected
    assert list((tmp_path / "runs").iterdir()) == []
