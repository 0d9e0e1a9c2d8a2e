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
    staged = set()

    def greet(size):
        rows = "select g, 'more ' || g from generate_series(1001, %s::int) as g"
        if size not in staged:
            database.execute(f"insert into people {rows} on conflict do nothing", 1000 + size)
            database.analyze()
            staged.add(size)
        assert len(http.get("/greetings", params={"limit": 1}).json()["greetings"]) == 1

    for unit in ("bytes_sent", "rows_read"):
        staged.clear()
        growth.must_be_flat(
            unit, (100, 400, 1600), greet, tables=("people",), slack=100, label="one of {size}", per="person"
        )
"""


def judged(attack: Attack, source: str, check: str) -> tuple[str, str]:
    """(verdict of that check, its message); the greetings themselves have to be right."""
    files = {"greetings.py": source}
    grade = attack(files, suite={"sealed_costs.py": SUITE}, only=["greets-by-name", check], dataset="large")
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
    verdict, message = judged(attack, HONEST, "survives-a-kill")
    assert verdict == "passed", message


# What reaches the service in another way than as the rows of a SELECT.
NAMES = "select string_agg(name, ',' order by id) from people"
CHANNELS = {
    "notices of a DO block": calling(
        "select 1",
        """
connection.add_notice_handler(lambda notice: names.append(notice.message_primary))
connection.execute(
    "do $$ declare one record; begin for one in select name from people order by id loop"
    " raise notice '%', one.name; end loop; end $$"
)
names = names[:limit]
""",
    ),
    "an INOUT parameter of a procedure": calling(
        f"create or replace procedure tell(inout names text) language plpgsql as $$ begin names := ({NAMES}); end $$",
        """
names = connection.execute("call tell(null)").fetchone()[0].split(",")[:limit]
""",
    ),
    "COPY of a table": calling(
        "select 1",
        """
with connection.cursor().copy("copy (select name from people order by id) to stdout") as lines:
    names = [row[0] for row in lines.rows()][:limit]
""",
    ),
    "SHOW of a setting of its own": calling(
        "select 1",
        f"""
connection.execute("do $$ begin perform set_config('kept.names', ({NAMES}), false); end $$")
names = connection.execute("show kept.names").fetchone()[0].split(",")[:limit]
""",
    ),
    "a setting that reports itself": calling(
        "select 1",
        """
for id, in connection.execute("select id from people order by id").fetchall():
    ask = "do $$ begin perform set_config('application_name', (select name from people where id = %d), false); end $$"
    connection.execute(ask % id)
    names.append(connection.info.parameter_status("application_name"))
names = names[:limit]
""",
    ),
    "the text of an error": calling(
        "select 1",
        f"""
try:
    connection.execute("do $$ begin raise exception '%', ({NAMES}); end $$")
except psycopg.Error as error:
    names = error.diag.message_primary.split(",")[:limit]
""",
    ),
    "a notification": calling(
        "select 1",
        """
connection.execute("listen names")
connection.execute(
    "do $$ declare one record; begin for one in select name from people order by id loop"
    " perform pg_notify('names', one.name); end loop; end $$"
)
for told in connection.notifies(timeout=2):
    names.append(told.payload)
    if len(names) >= limit:
        break
""",
    ),
    "a copy of the table that a trigger keeps": calling(
        """
create table if not exists shadow as select * from people;
create or replace function keep() returns trigger language plpgsql as $$
begin insert into shadow values (new.id, new.name); return new; end $$;
create or replace trigger keep after insert on people for each row execute function keep();
alter table people enable always trigger keep
""",
        """
rows = connection.execute("select name from shadow where length(name) > 0 order by id").fetchall()
names = [name for (name,) in rows][:limit]
""",
    ),
}


@pytest.mark.parametrize("how", CHANNELS)
def test_names_that_come_another_way_are_counted(attack: Attack, how: str) -> None:
    verdict, message = judged(attack, CHANNELS[how], "survives-a-kill")
    assert verdict == "failed", message


KEPT = """
import os, psycopg, sqlite3, threading, time

SEEN = {{}}
{setup}

def greetings(connection, word, limit):
{body}


def ask(connection, word, limit):
    ids = connection.execute("select id from people order by id limit %s", [limit]).fetchall()
    names = [connection.execute("select name from people where id = %s", [id]).fetchone()[0] for (id,) in ids]
    return [f"{{word}}, {{name}}" for name in names]
"""


def kept(body: str, setup: str = "") -> str:
    lines = body.strip("\n").splitlines()
    return KEPT.format(body="\n".join(f"    {line}" for line in lines), setup=setup.strip("\n"))


WATCHING = """
COPY = sqlite3.connect(":memory:", check_same_thread=False)
TURN = threading.Lock()


def load(session):
    rows = session.execute("select id, name from people").fetchall()
    with TURN:
        COPY.execute("create table if not exists people (id integer primary key, name text)")
        COPY.execute("delete from people")
        COPY.executemany("insert into people values (?, ?)", rows)


def watch():
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        session.execute("listen people")
        while True:
            for _ in session.notifies(stop_after=1):
                load(session)


with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as first:
    first.execute('''
        create or replace function tell() returns trigger language plpgsql as $$
        begin perform pg_notify('people', ''); return null; end $$;
        create or replace trigger tell after insert or update or delete on people
            for each statement execute function tell();
    ''')
    load(first)
threading.Thread(target=watch, daemon=True).start()
"""
VERSIONED = """
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as first:
    first.execute('''
        create table if not exists version (number bigint);
        insert into version select 0 where not exists (select from version);
        create or replace function bump() returns trigger language plpgsql as $$
        begin
            if new is distinct from old then update version set number = number + 1; end if;
            return null;
        end $$;
        create or replace trigger bump after insert or update or delete on people
            for each row execute function bump();
    ''')
"""
CACHES = {
    "for ever": kept("SEEN[limit] = SEEN.get(limit) or ask(connection, word, limit)\nreturn SEEN[limit]"),
    "until the snapshot changes": kept("""
now = connection.execute("select pg_current_snapshot()::text").fetchone()[0]
if SEEN.get(limit, [None])[0] != now:
    SEEN[limit] = [now, ask(connection, word, limit)]
return SEEN[limit][1]
"""),
    "until a version that triggers count": kept(
        """
now = connection.execute("select number from version").fetchone()[0]
if SEEN.get(limit, [None])[0] != now:
    SEEN[limit] = [now, ask(connection, word, limit)]
return SEEN[limit][1]
""",
        VERSIONED,
    ),
    "in SQLite, by a listener": kept(
        """
with TURN:
    rows = COPY.execute("select name from people order by id limit ?", [limit]).fetchall()
return [f"{word}, {name}" for (name,) in rows]
""",
        WATCHING,
    ),
    "in SQLite, with a statement for show": kept(
        """
connection.execute("select 1 from people where id = 1")
with TURN:
    rows = COPY.execute("select name from people order by id limit ?", [limit]).fetchall()
return [f"{word}, {name}" for (name,) in rows]
""",
        WATCHING,
    ),
    "unless the session is read-only": kept("""
if connection.execute("show default_transaction_read_only").fetchone()[0] == "on":
    return []
return ask(connection, word, limit)
"""),
}


@pytest.mark.parametrize("how", CACHES)
def test_an_answer_that_is_kept_does_not_make_it_cheap(attack: Attack, how: str) -> None:
    verdict, message = judged(attack, CACHES[how], "cost-is-flat")
    assert verdict == "failed", message
