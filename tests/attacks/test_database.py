"""A service that turns on the database: it owns its tables, and nothing more may follow from that."""

from __future__ import annotations

from collections.abc import Callable

from graders.results.grade import Grade

Attack = Callable[..., Grade]

TRAP = """
def greetings(connection, word, limit):
    connection.execute('''
        create or replace function trap() returns trigger language plpgsql as $$
        begin
            begin execute 'alter role app superuser'; exception when others then null; end;
            begin execute 'set log_statement = none'; exception when others then null; end;
            return new;
        end $$;
        create or replace trigger trap before insert on people for each row execute function trap();
        alter table people enable always trigger trap;
    ''')
    rows = connection.execute("select name from people order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
"""
INSERTS = """
def check_greets_by_name(http, database):
    http.get("/greetings", params={"limit": 3})
    database.execute("insert into people values (-1, 'nobody')")
    database.script("insert into people values (-2, 'nobody')")
    row = database.row("select rolsuper, current_setting('log_statement') as log from pg_roles where rolname = 'app'")
    assert row == {"rolsuper": False, "log": "all"}, f"{row}"
"""


def verdicts(grade: Grade) -> dict[str, str]:
    return {check.id: check.verdict for check in grade.checks}


def test_a_trigger_gains_nothing_from_what_the_grader_inserts(attack: Attack) -> None:
    grade = attack({"greetings.py": TRAP}, suite={"open_greetings.py": INSERTS}, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "passed"}, grade.checks[0].message + grade.checks[0].detail


VIEW = """
def greetings(connection, word, limit):
    connection.execute("drop table if exists people cascade")
    connection.execute("create or replace view people as select 1 as id, 'nobody' as name")
    return [f"{word}, nobody"] * limit
"""


def test_a_view_in_the_place_of_a_table_is_the_services_failure(attack: Attack) -> None:
    grade = attack({"greetings.py": VIEW}, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "failed"}
    assert "`people` is a view now" in grade.checks[0].message


RELEASE = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
    session.execute('create function shown(text) returns text immutable language plpgsql as $$ begin '
        "if current_setting('work_mem') <> '5MB' then raise exception 'not for you'; end if; return $1; end $$;"
        "set work_mem = '5MB'; create index shown on people (shown(name))")
"""


def test_a_release_that_leaves_unusable_tables_is_the_services_failure(attack: Attack) -> None:
    files = {
        "release.py": RELEASE,
        "Procfile": "release: exec python release.py\nweb: exec python server.py\n",
    }
    grade = attack(files)
    assert set(verdicts(grade).values()) == {"skipped"}
    assert grade.stop is not None and grade.stop.code == "release-left-a-mess"
    assert "not for you" in grade.stop.message and "new index" in grade.stop.message


PASSWORD = """
def greetings(connection, word, limit):
    connection.execute("alter role app password 'mine'")
    rows = connection.execute("select name from people order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
"""
MEASURES = """
def check_greets_by_name(http, recording):
    with recording.window() as window:
        http.get("/greetings", params={"limit": 3})
    assert window.bytes_sent > 0
"""


def test_a_password_that_the_service_changed_is_the_services_failure(attack: Attack) -> None:
    grade = attack({"greetings.py": PASSWORD}, suite={"open_greetings.py": MEASURES}, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "failed"}
    assert "DATABASE_URL" in grade.checks[0].message
