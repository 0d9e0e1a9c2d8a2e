"""What happens after a failure: the next migrations are judged, and rows that kata made up prove nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graders.backing.postgres import Binaries, Cluster, start_cluster
from graders.migrations.check import CheckedAll, CheckSettings, check_on
from graders.migrations.records import Migration, MigrationStep
from graders.sql.ddl.split import split_statements

TABLES = """
create table depot (id int primary key, code text unique);
create table job (id int primary key, priority int not null default 1, state text, spare text, depot_id int, flag bool);
create table job_part (id int not null, made date not null) partition by range (made);
create table old_part (id int not null, made date not null);
"""


@pytest.fixture(scope="module")
def empty(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(None, binaries, run_dir=tmp_path_factory.mktemp("runs")) as cluster:
        yield cluster


def migration(name: str, script: str, *, wrapped: bool = False) -> Migration:
    steps = tuple(MigrationStep(one.text, name, one.line, one.comments) for one in split_statements(script))
    return Migration(name, steps, None, wrapped)


def check(cluster: Cluster, *scripts: str, wrapped: bool = False) -> CheckedAll:
    history = [migration(f"{at}.sql", one, wrapped=wrapped) for at, one in enumerate((TABLES, *scripts))]
    return check_on(cluster, history, CheckSettings(rows=50, guess=False))


def proved(found: CheckedAll, at: int) -> set[str]:
    return {
        one.title.partition(":")[0]
        for one in found.migrations[at].findings
        if one.confidence == "proved" and not one.is_advice
    }


def index(column: str) -> str:
    return f"create index on job ({column})"


ROWS = [
    ("alter table job add check (priority between 1 and 4)", "check-scans"),
    ("alter table job add check (state in ('open', 'done') and priority > 7)", "check-scans"),
    ("alter table job add constraint c check (length(state) = 36) not valid; alter table job validate constraint c",
     ""),
    ("alter table job alter state type bigint using state::bigint", "type-change"),
    ("alter table job alter state type uuid using state::uuid", "type-change"),
    ("alter table job alter state type jsonb using state::jsonb", "type-change"),
    ("create type s as enum ('open'); alter table job alter state type s using state::s", "type-change"),
    ("create unique index concurrently on job (flag)", ""),
    ("alter table job add unique (flag)", "unique-builds-index"),
    ("alter table job add foreign key (state) references depot (code)", "foreign-key-scans"),
    (
        "alter table job_part attach partition old_part for values from ('2024-02-01') to ('2024-03-01')",
        "attach-scans",
    ),
    ("insert into depot select 1, 'main'", ""),
    ("do $$ begin if exists (select from job where priority > 4) then raise exception 'no'; end if; end $$", ""),
]  # fmt: skip


@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "wrapped"])
@pytest.mark.parametrize(("script", "code"), ROWS, ids=[one[0][:60] for one in ROWS])
def test_rows_that_kata_made_up_prove_no_failure(
    empty: Cluster, script: str, code: str, *, wrapped: bool
) -> None:
    if wrapped and "concurrently" in script:
        script = script.replace("concurrently", "")
    found = check(empty, script, index("spare"), wrapped=wrapped)
    assert found.migrations[1].failed is None
    assert "fails" not in proved(found, 1)
    if code:
        assert code in {one.title.partition(":")[0] for one in found.migrations[1].findings}
    assert proved(found, 2) == {"index-blocks-writes"}
    assert found.not_judged == ()


def test_a_column_that_no_row_can_have_is_proved_and_the_next_one_is_judged(empty: Cluster) -> None:
    found = check(empty, "alter table job add column channel int not null", index("channel"))
    assert proved(found, 1) == {"required-column"} and proved(found, 2) == {"index-blocks-writes"}
    assert found.migrations[1].traces[0].made_up and found.not_judged == ()


@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "wrapped"])
def test_what_fails_on_empty_tables_too_is_proved_and_the_rest_is_made_for_the_next_one(
    empty: Cluster, *, wrapped: bool
) -> None:
    script = "alter table job add column a int; select 1 / 0; alter table job add column b int"
    found = check(empty, script, index("b"), wrapped=wrapped)
    assert proved(found, 1) == {"fails"} and proved(found, 2) == {"index-blocks-writes"}
    assert [trace.reached for trace in found.migrations[1].traces] == [True, True, False]
    assert found.not_judged == ("1.sql",)


def test_an_accepted_failure_does_not_hide_what_comes_after_it(empty: Cluster) -> None:
    accepted = "-- kata:ignore required-column\nalter table job add column channel int not null"
    found = check(empty, accepted, index("channel"))
    assert proved(found, 1) == set() and proved(found, 2) == {"index-blocks-writes"}


def test_the_newest_are_judged_on_what_the_earlier_ones_made(empty: Cluster) -> None:
    history = [
        migration("0.sql", TABLES),
        migration("1.sql", "alter table job add a int not null; create index on job (a); select 1 / 0"),
        migration("2.sql", index("a")),
    ]
    for wrapped in (False, True):
        history[1] = Migration("1.sql", history[1].up, None, wrapped)
        found = check_on(empty, history, CheckSettings(rows=50, guess=False, unwatched=2))
        (newest,) = found.migrations
        assert newest.migration.name == "2.sql" and found.not_judged == ()
        assert [one.title.partition(":")[0] for one in found.findings if not one.is_advice] == [
            "index-blocks-writes"
        ]


def test_a_budget_ends_with_what_was_seen_so_far(empty: Cluster) -> None:
    history = [migration(f"{at}.sql", f"create table t{at} (id int)") for at in range(3)]
    found = check_on(empty, history, CheckSettings(rows=5, budget=0))
    assert len(found.migrations) == 1 and found.left == found.not_judged == ("1.sql", "2.sql")


def test_each_migration_begins_with_the_settings_of_a_new_session(empty: Cluster) -> None:
    dumped = "select pg_catalog.set_config('search_path', '', false); set role none; create table public.late (id int)"
    found = check(empty, dumped, "alter table late add column a int")
    assert found.not_judged == () and proved(found, 2) == set()
