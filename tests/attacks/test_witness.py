"""Services that ask for each person, or send every name, and hide it from whoever counts. Their answers are right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graders.results.grade import Grade

Attack = Callable[..., Grade]

# One statement for each greeting, also inside functions, is what must not be; and a short answer out of a large table
# must not make PostgreSQL send or read all of it.
SUITE = """
SIZES = (10, 40, 150)


def check_cost_is_flat(http, growth):
    def greet(size):
        assert len(http.get("/greetings", params={"limit": size}).json()["greetings"]) == size

    cost = growth.must_be_flat("statements", SIZES, greet, label="GET /greetings?limit={size}", per="person")
    nested = [len(recording.nested) for recording in cost.recordings]
    assert nested[-1] - nested[0] <= 2, f"{nested} statements inside functions"


def check_survives_a_kill(http, database, growth):
    def greet(size):
        rows = "select g, 'more ' || g from generate_series(1001, %s::int) as g"
        if database.execute(f"insert into people {rows} on conflict do nothing", 1000 + size):
            database.analyze()
        assert len(http.get("/greetings", params={"limit": 1}).json()["greetings"]) == 1

    for unit in ("bytes_sent", "rows_read"):
        growth.must_be_flat(
            unit, (100, 400, 1600), greet, tables=("people",), slack=100, label="one of {size}", per="person"
        )
"""


def judged(attack: Attack, source: str, check: str) -> tuple[str, str]:
    """(verdict of that check, its message); the greetings themselves have to be right."""
    files = {"greetings.py": source}
    grade = attack(files, suite={"sealed_costs.py": SUITE}, only=["greets-by-name", check], world="large")
    checks = {one.id: one for one in grade.checks}
    assert checks["greets-by-name"].verdict == "passed", checks["greets-by-name"].message
    return checks[check].verdict, checks[check].message + checks[check].detail


HONEST = """
def greetings(connection, word, limit):
    rows = connection.execute("select name from people order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
"""
# A function of the database, and a connection that can see it.
CALLING = """
import psycopg, os

FUNCTION = '''{function}'''
try:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as first:
        first.execute(FUNCTION)
except psycopg.Error as error:
    print(error, flush=True)

def greetings(connection, word, limit):
    names = []
{body}
    return [f"{{word}}, {{name}}" for name in names]
"""


def calling(function: str, body: str) -> str:
    lines = body.strip("\n").splitlines()
    return CALLING.format(function=function, body="\n".join(f"    {line}" for line in lines))


CURSORS = """
create or replace function names(most int) returns text[] language plpgsql as $$
declare found text[] := '{}'; name text; one refcursor;
begin
    for i in 1..most loop
        one := null;
        open one for execute format('select name from people order by id offset %s limit 1', i - 1);
        fetch one into name;
        found := found || name;
    end loop;
    return found;
end $$
"""
CAUGHT = """
create or replace function names(most int) returns text[] language plpgsql as $$
declare found text[] := '{}'; name text; one refcursor;
begin
    for i in 1..most loop
        begin
            open one for select p.name from people p order by p.id offset i - 1 limit 1;
            fetch one into name;
            raise exception 'done';
        exception when others then found := found || name; one := null;
        end;
    end loop;
    return found;
end $$
"""
SETTINGS = """
create or replace function keep(most int) returns void language plpgsql as $$
declare one record;
begin
    for one in select name, row_number() over (order by id) as place from people order by id limit most loop
        perform set_config('kept.n' || one.place, one.name, false);
    end loop;
end $$
"""
LOOPS = {
    "cursors of a function that are open when the transaction is rolled back": calling(
        CURSORS,
        """
connection.execute("begin")
names = connection.execute("select names(%s)", [limit]).fetchone()[0]
connection.execute("rollback")
""",
    ),
    "cursors of a function that are open when the transaction commits": calling(
        CURSORS,
        """
connection.execute("begin")
names = connection.execute("select names(%s)", [limit]).fetchone()[0]
connection.execute("commit")
connection.execute("select 1")
""",
    ),
    "cursors of a DO block": calling(
        CURSORS,
        """
connection.execute(f"do $$ begin perform set_config('kept.every', array_to_string(names({limit}), ','), false); end $$")
names = connection.execute("show kept.every").fetchone()[0].split(",")
""",
    ),
    "statements whose exception is caught": calling(
        CAUGHT, 'names = connection.execute("select names(%s)", [limit]).fetchone()[0]'
    ),
    "settings read one by one with SHOW": calling(
        SETTINGS,
        """
connection.execute("select keep(%s)", [limit])
names = [connection.execute(f"show kept.n{place}").fetchone()[0] for place in range(1, limit + 1)]
""",
    ),
    "settings read one by one with current_setting": calling(
        SETTINGS,
        """
connection.execute("select keep(%s)", [limit])
ask = "select current_setting(%s)"
names = [connection.execute(ask, [f"kept.n{place}"]).fetchone()[0] for place in range(1, limit + 1)]
""",
    ),
    "a function of its own with a name of the catalog's": calling(
        SETTINGS
        + "; create or replace function version(n int) returns text language sql as"
        + " $$ select current_setting('kept.n' || n) $$",
        """
connection.execute("select keep(%s)", [limit])
names = [connection.execute("select version(%s::int)", [place]).fetchone()[0] for place in range(1, limit + 1)]
""",
    ),
    "a function for to_hex, in a schema that its role looks into first": calling(
        "create or replace function public.to_hex(int) returns text language sql as $$ select '0' $$;"
        " create or replace function public.trunc(numeric) returns numeric language sql as $$ select 0::numeric $$;"
        " alter role app set search_path = public, pg_catalog",
        """
ids = connection.execute("select id from people order by id limit %s", [limit]).fetchall()
names = [connection.execute("select name from people where id = %s", [id]).fetchone()[0] for (id,) in ids]
""",
    ),
    "another way to the server than DATABASE_URL": calling(
        "select 1",
        """
port = connection.execute("select inet_server_port()").fetchone()[0]
with psycopg.connect(os.environ["DATABASE_URL"], port=port, autocommit=True) as direct:
    names = [name for (name,) in direct.execute("select name from people order by id limit %s", [limit])]
""",
    ),
    "a transaction that never ends": calling(
        CURSORS,
        """
global kept
kept = globals().get("kept") or psycopg.connect(os.environ["DATABASE_URL"])
names = kept.execute("select names(%s)", [limit]).fetchone()[0]
""",
    ),
}


@pytest.mark.parametrize("how", LOOPS)
def test_a_loop_that_is_hidden_is_counted(attack: Attack, how: str) -> None:
    verdict, message = judged(attack, LOOPS[how], "cost-is-flat")
    assert verdict == "failed", message


def test_the_reference_passes_where_the_cheats_fail(attack: Attack) -> None:
    assert judged(attack, HONEST, "cost-is-flat")[0] == "passed"


def test_the_reference_sends_and_reads_its_page_only(attack: Attack) -> None:
    assert judged(attack, HONEST, "survives-a-kill") == ("passed", "")
