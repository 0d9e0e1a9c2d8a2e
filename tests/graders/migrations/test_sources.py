"""Where migrations come from: plain files, dbmate, goose, pairs, Flyway, Alembic."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from graders.backing.postgres import Binaries, start_cluster
from graders.errors import UsageError
from graders.migrations import alembic as alembic_module
from graders.migrations.check import CheckSettings, check_on
from graders.migrations.sources import load_migrations
from graders.sandbox.known_process import is_running

ENV = """
from alembic import context
context.configure(url="postgresql://", literal_binds=True, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
"""
REVISION = '''
"""{name}"""
from alembic import op
import sqlalchemy as sa
revision, down_revision = "{name}", {before}
def upgrade():
{up}
def downgrade():
{down}
'''


def texts(path: Path, **more: bool) -> list[tuple[str, list[str], list[str] | None, bool]]:
    return [
        (
            one.name,
            [step.text for step in one.up],
            None if one.down is None else [step.text for step in one.down],
            one.wrapped,
        )
        for one in load_migrations([path], **more)  # type: ignore[arg-type]
    ]


def test_plain_files_run_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10_b.sql", "2_a.sql"):
        (tmp_path / name).write_text("select 1;\n\nselect 2;\n")
    assert [one[0] for one in texts(tmp_path)] == ["2_a.sql", "10_b.sql"]
    (first, _) = load_migrations([tmp_path])
    assert [(step.line, Path(step.file).name) for step in first.up] == [(1, "2_a.sql"), (3, "2_a.sql")]
    assert texts(tmp_path, wrapped=True)[0][3]


def test_dbmate_files_have_two_parts_and_run_in_a_transaction_unless_they_say_so(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text("-- migrate:up\ncreate table a ();\n\n-- migrate:down\ndrop table a;\n")
    (tmp_path / "2_b.sql").write_text("-- migrate:up transaction:false\nselect 1;\n")
    assert texts(tmp_path) == [
        ("1_a.sql", ["create table a ()"], ["drop table a"], True),
        ("2_b.sql", ["select 1"], None, False),
    ]
    assert load_migrations([tmp_path])[0].up[0].line == 2


def test_goose_files_are_understood(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text(
        "-- +goose NO TRANSACTION\n-- +goose Up\nselect 1;\n-- +goose Down\nselect 2;\n"
    )
    assert texts(tmp_path) == [("1.sql", ["select 1"], ["select 2"], False)]


def test_pairs_of_up_and_down_are_one_migration(tmp_path: Path) -> None:
    (tmp_path / "1_a.up.sql").write_text("select 1;")
    (tmp_path / "1_a.down.sql").write_text("select 2;")
    assert texts(tmp_path) == [("1_a.up.sql", ["select 1"], ["select 2"], False)]
    assert texts(tmp_path / "1_a.up.sql") == texts(tmp_path)


def test_what_is_sent_as_one_query_is_one_transaction_where_it_has_more_than_one_statement(
    tmp_path: Path,
) -> None:
    (tmp_path / "1_a.up.sql").write_text("select 1; select 2;")
    (tmp_path / "2_b.up.sql").write_text("begin; select 1; commit; select 2;")
    assert [one[3] for one in texts(tmp_path)] == [True, False]


def test_flyway_orders_versions_by_their_parts_and_runs_repeatable_ones_last(tmp_path: Path) -> None:
    folders = {"a": ["V1_9__x.sql", "V2__y.sql", "R__views.sql"], "b": ["V1.10__z.sql", "U2__y.sql"]}
    for folder, names in folders.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(f"select '{name}';")
    (tmp_path / "b" / "afterMigrate.sql").write_text("select 'a callback';")
    found = texts(tmp_path)
    assert [one[0] for one in found] == ["V1_9__x.sql", "V1.10__z.sql", "V2__y.sql", "R__views.sql"]
    assert found[2][2] == ["select 'U2__y.sql'"] and all(one[3] for one in found)


def test_flyways_baseline_runs_only_where_nothing_else_makes_what_it_makes(tmp_path: Path) -> None:
    for name in ("B3__all.sql", "V4__more.sql"):
        (tmp_path / name).write_text("select 1;")
    assert [one[0] for one in texts(tmp_path)] == ["B3__all.sql", "V4__more.sql"]
    (tmp_path / "V2__old.sql").write_text("select 1;")
    assert [one[0] for one in texts(tmp_path)] == ["V2__old.sql", "V4__more.sql"]


@pytest.mark.parametrize(
    ("script", "wrapped"),
    [
        ("create index concurrently i on t (a); drop index concurrently j;", False),
        ("set lock_timeout = '2s'; create unique index concurrently i on t (a);", False),
        ("vacuum t", False),
        ("create index i on t (a)", True),
        ("alter table t add a int; create index concurrently i on t (a)", True),
    ],
)
def test_flyway_runs_what_is_refused_in_a_transaction_outside_of_one(
    tmp_path: Path, script: str, wrapped: bool
) -> None:
    (tmp_path / "V1__a.sql").write_text(script)
    assert texts(tmp_path)[0][3] is wrapped
    (tmp_path / "V1__a.sql.conf").write_text("executeInTransaction=false\n")
    assert texts(tmp_path)[0][3] is False


def test_tools_with_a_folder_for_each_migration_have_its_name(tmp_path: Path) -> None:
    for number in ("2024-01-01-000000_a", "2024-02-01-000000_b"):
        folder = tmp_path / "diesel" / number
        folder.mkdir(parents=True)
        (folder / "up.sql").write_text("select 1;")
        (folder / "down.sql").write_text("select 2;")
    (folder / "metadata.toml").write_text("run_in_transaction = false\n")
    prisma = tmp_path / "prisma" / "20240101_a"
    prisma.mkdir(parents=True)
    (prisma / "migration.sql").write_text("select 1; select 3;")
    assert texts(tmp_path / "diesel") == [
        ("2024-01-01-000000_a", ["select 1"], ["select 2"], True),
        ("2024-02-01-000000_b", ["select 1"], ["select 2"], False),
    ]
    assert texts(tmp_path / "prisma") == [("20240101_a", ["select 1", "select 3"], None, True)]
    assert texts(folder)[0][0] == "2024-02-01-000000_b"


def test_equal_names_are_kept_apart_by_their_folders(tmp_path: Path) -> None:
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "schema.sql").write_text("select 1;")
    assert [one[0] for one in texts(tmp_path)] == ["1/schema.sql", "2/schema.sql"]


@pytest.mark.parametrize(
    ("text", "tool", "wrapped"),
    [
        ("-- Up Migration\nselect 1;\n-- Down Migration\nselect 2;\n", "node-pg-migrate", True),
        ("-- +migrate Up\nselect 1;\n-- +migrate Down\nselect 2;\n", "sql-migrate", True),
        ("-- +migrate Up notransaction\nselect 1;\n-- +migrate Down\nselect 2;\n", "sql-migrate", False),
        ("-- +goose up\n-- +goose StatementBegin\nselect 1;\n-- +goose StatementEnd\n-- +goose down\nselect 2;\n",
         "goose", True),
    ],
)  # fmt: skip
def test_files_with_an_up_and_a_down_part(tmp_path: Path, text: str, tool: str, wrapped: bool) -> None:
    (tmp_path / "1.sql").write_text(text)
    assert texts(tmp_path) == [("1.sql", ["select 1"], ["select 2"], wrapped)]
    assert load_migrations([tmp_path])[0].tool == tool


def test_what_is_not_there_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_migrations([tmp_path / "none"])
    with pytest.raises(UsageError, match="no statement was found") as raised:
        load_migrations([tmp_path])
    assert raised.value.hint


@pytest.fixture
def alembic(tmp_path: Path) -> Path:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").write_text(ENV)
    revisions = {
        "one": (
            "None",
            ["op.create_table('item', sa.Column('id', sa.BigInteger, primary_key=True))"],
            "op.drop_table('item')",
        ),
        "two": (
            "'one'",
            [
                "op.add_column('item', sa.Column('name', sa.Text))",
                "op.create_index('item_name', 'item', ['name'])",
            ],
            "op.drop_column('item', 'name')",
        ),
        "three": (
            "'two'",
            [
                "with op.get_context().autocommit_block():",
                "    op.create_index('item_id', 'item', ['id'], postgresql_concurrently=True)",
            ],
            "op.drop_index('item_id')",
        ),
    }
    for name, (before, lines, down) in revisions.items():
        up = "\n".join("    " + line for line in lines)
        text = REVISION.format(name=name, before=before, up=up, down="    " + down)
        (versions / f"{name}.py").write_text(text)
    return tmp_path


def test_alembics_revisions_are_executed_statement_by_statement(
    alembic: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> None:
    migrations = load_migrations([alembic])
    assert [(one.name, one.tool, one.wrapped) for one in migrations] == [
        ("alembic_version", "alembic", True),
        ("one", "alembic", True),
        ("two", "alembic", True),
        ("three", "alembic", False),
    ]
    assert load_migrations([alembic / "migrations" / "versions"]) == migrations
    with start_cluster(None, binaries, run_dir=tmp_path_factory.mktemp("runs")) as cluster:
        found = check_on(cluster, migrations, CheckSettings(rows=50, guess=False))
    proved = [
        (one.request, one.title.partition(":")[0]) for one in found.findings if one.confidence == "proved"
    ]
    assert proved == [("two", "index-blocks-writes")]
    assert [one.undo for one in found.migrations] == [None, (), (), ()]


def test_an_alembic_that_does_not_end_is_ended_with_what_it_started(
    alembic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alembic_module, "_SECONDS", 1)
    # The child holds the pipes for longer than its parent lives.
    script = "sleep 1000 & echo $! > child; wait"
    with pytest.raises(UsageError, match="does not run") as raised:
        load_migrations([alembic], alembic=["sh", "-c", script])
    assert "--alembic" in raised.value.hint
    child = int((alembic / "child").read_text())
    until = time.monotonic() + 60
    while is_running(child):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_alembic_project_that_cannot_be_written_as_sql_is_named(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n")
    with pytest.raises(UsageError, match="upgrade heads --sql` failed") as raised:
        load_migrations([tmp_path])
    assert "offline" in raised.value.hint
