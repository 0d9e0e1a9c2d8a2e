"""A service that turns on the database: it owns its tables, and nothing more may follow from that."""

from __future__ import annotations

from collections.abc import Callable

from graders.score import Grade

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
