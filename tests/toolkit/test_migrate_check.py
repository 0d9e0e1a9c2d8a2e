"""`kata migrate-check` as its users call it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from running import Kata
from test_sql import check_sarif

MADE = "create table orders (id bigint generated always as identity primary key, note text);\n"


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_made.sql").write_text(MADE)
    return folder


def codes(result: subprocess.CompletedProcess[str]) -> list[str]:
    document = json.loads(result.stdout)
    assert document["format"] == 1
    return [
        finding["title"].partition(":")[0]
        for finding in document["findings"]
        if finding["confidence"] == "proved" and not finding["counts"]["advice"]
    ]


def test_what_blocks_is_convicted_with_its_locks_and_what_to_do_instead(kata: Kata, migrations: Path) -> None:
    (migrations / "2_bad.sql").write_text(
        "-- a token for each\nalter table orders add column token uuid default gen_random_uuid();\n"
        "create index orders_note on orders (note);\nalter table orders alter note set not null;\n"
    )
    result = kata("migrate-check", migrations)
    assert result.returncode == 1, result.stderr
    for said in (
        "2_bad.sql:2 ACCESS EXCLUSIVE on orders, read 2,000 rows of orders, rewrote 1,000 rows",
        "proved volatile-default",
        "2_bad.sql:3 SHARE on orders",
        "a second session could not write",
        "proved set-not-null-scans",
        "CREATE INDEX CONCURRENTLY, outside a transaction",
        "3 proved, 0 suspected",
    ):
        assert said in " ".join(result.stdout.split())
    documented = kata("migrate-check", migrations, "--json")
    assert codes(documented) == ["volatile-default", "index-blocks-writes", "set-not-null-scans"]
    (_, bad) = json.loads(documented.stdout)["migrations"]
    assert bad["statements"][1]["blocked"] == {"orders": ["write"]}


def test_the_safe_forms_are_cleared(kata: Kata, migrations: Path) -> None:
    (migrations / "2_good.sql").write_text(
        "alter table orders add column priority int not null default 0;\n"
        "create index concurrently orders_note on orders (note);\n"
        "alter table orders add constraint n check (note is not null) not valid;\n"
        "alter table orders validate constraint n;\nalter table orders alter note set not null;\n"
        "alter table orders drop constraint n;\n"
    )
    result = kata("migrate-check", migrations)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "nothing blocks and nothing breaks" in result.stdout


def test_a_file_is_judged_on_the_schema_that_was_there_before(
    kata: Kata, tmp_path: Path, migrations: Path
) -> None:
    change = tmp_path / "change.sql"
    change.write_text("alter table orders rename note to remark;")
    named = kata("migrate-check", change, "--schema", migrations / "1_made.sql", "--json", "--rows", 50)
    assert codes(named) == ["rename-column"] and json.loads(named.stdout)["stand_ins"] == []
    guessed = kata("migrate-check", change)
    assert guessed.returncode == 1 and "Made up, because no migration made it before" in guessed.stdout
    assert codes(kata("migrate-check", change, "--no-guess", "--json")) == ["fails"]


def test_down_is_tried_where_the_file_has_one(kata: Kata, tmp_path: Path) -> None:
    dbmate = tmp_path / "1.sql"
    dbmate.write_text("-- migrate:up\ncreate table a (id int);\n-- migrate:down\nselect 1;\n")
    result = kata("migrate-check", dbmate)
    assert "up, down, up does not give the same schema" in result.stdout and "after down: + " in result.stdout


def test_sarif_points_at_the_statement(kata: Kata, migrations: Path) -> None:
    (migrations / "2.sql").write_text("\n\ncreate index on orders (note);")
    document = json.loads(kata("migrate-check", migrations, "--sarif").stdout)
    check_sarif(document)
    (result, *_) = document["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (
        (migrations / "2.sql").as_uri(),
        3,
    )


def test_what_is_not_there_ends_with_the_next_step(kata: Kata, tmp_path: Path) -> None:
    assert kata("migrate-check").returncode == 2
    missing = kata("migrate-check", tmp_path / "none")
    assert missing.returncode == 2 and "no such file or directory" in missing.stderr
    broken = tmp_path / "schema.sql"
    broken.write_text("create tabel a ()")
    change = tmp_path / "change.sql"
    change.write_text("select 1")
    result = kata("migrate-check", change, "--schema", broken)
    assert result.returncode == 2 and "the schema fails with 42601" in result.stderr


def test_what_did_not_run_is_not_green_where_its_failure_was_accepted(kata: Kata, migrations: Path) -> None:
    (migrations / "2_bad.sql").write_text(
        "begin;\n-- kata:ignore fails\nselect 1 / 0;\ncreate index on orders (note);\ncommit;\n"
    )
    result = kata("migrate-check", migrations, "--rows", 50)
    assert result.returncode == 2 and "of 1 migrations not every statement ran" in result.stdout
    assert kata("migrate-check", migrations, "--rows", 50, "--fail-on", "none").returncode == 0


DUMP = r"""
\restrict abc
SET statement_timeout = 0;
SET no_such_parameter = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO shop_owner;
CREATE EXTENSION IF NOT EXISTS not_there WITH SCHEMA public;
COMMENT ON EXTENSION not_there IS 'not on this server';
CREATE TABLE public.orders (id integer NOT NULL, note text);
ALTER TABLE public.orders OWNER TO postgres;
COPY public.orders (id) FROM stdin;
7
\.
GRANT SELECT ON TABLE public.orders TO reader, "Writer";
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public GRANT SELECT ON TABLES TO reader;
\unrestrict abc
"""


def test_a_schema_may_be_what_pg_dump_writes(kata: Kata, tmp_path: Path) -> None:
    schema, change = tmp_path / "schema.sql", tmp_path / "0042.sql"
    schema.write_text(DUMP)
    change.write_text("alter table orders add column z int;")
    result = kata("migrate-check", change, "--schema", schema, "--no-guess", "--rows", 50)
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'extension "not_there" is not available' in result.stdout


def test_only_the_newest_are_judged_where_that_is_asked_for(kata: Kata, migrations: Path) -> None:
    (migrations / "2_old.sql").write_text("create index on orders (note);")
    (migrations / "3_new.sql").write_text("alter table orders add column z int;")
    result = kata("migrate-check", migrations, "--newest", 1, "--rows", 50)
    assert result.returncode == 0 and "1 run on tables of 50 rows (after 2 earlier ones)" in result.stdout
    assert kata("migrate-check", migrations, "--since", "9_x").returncode == 2
