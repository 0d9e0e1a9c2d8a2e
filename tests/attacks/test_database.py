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
            begin execute 'alter role app set log_statement = none'; exception when others then null; end;
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
    row = database.row("select rolsuper, rolconfig from pg_roles where rolname = 'app'")
    assert row == {"rolsuper": False, "rolconfig": None}, f"{row}"
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


def test_a_password_that_the_service_changed_keeps_nobody_from_measuring(attack: Attack) -> None:
    grade = attack({"greetings.py": PASSWORD}, suite={"open_greetings.py": MEASURES}, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "passed"}, grade.checks[0].message + grade.checks[0].detail


# Each part keeps what it could do in a table that the service can read.
GAINS = """
def greetings(connection, word, limit):
    connection.execute('''
        create table if not exists gained (what text);
        create or replace function trap() returns trigger language plpgsql as $$
        begin
            begin
                execute 'create function public.mine() returns int language sql security definer as $f$ select 1 $f$';
                insert into gained values ('a function of ' || current_user);
            exception when others then null; end;
            begin
                execute 'create temp view people as select 1::bigint as id, ''nobody''::text as name';
                insert into gained values ('a view before the table');
            exception when others then null; end;
            begin
                execute 'create temp table people (id bigint, name text)';
                insert into gained values ('a table before the table');
            exception when others then null; end;
            begin
                execute 'set role app';
                insert into gained values ('another role');
            exception when others then null; end;
            perform set_config('restrict_nonsystem_relation_kind', '', false);
            perform set_config('search_path', 'pg_temp, public', false);
            perform set_config('session_replication_role', 'replica', false);
            perform set_config('timezone', 'Asia/Tokyo', false);
            return new;
        end $$;
        create or replace trigger trap before insert on people for each row execute function trap();
        alter table people enable always trigger trap;
    ''')
    rows = connection.execute("select name from people where id > 0 order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
"""
LASTS = """
SETTINGS = '''
select current_setting('search_path') as path, current_setting('timezone') as zone,
       current_setting('session_replication_role') as triggers,
       current_setting('restrict_nonsystem_relation_kind', true) as kinds, current_user as role
'''


def check_greets_by_name(http, database):
    http.get("/greetings", params={"limit": 3})
    before = database.row(SETTINGS)
    database.execute("insert into people values (-1, 'somebody')")
    assert database.row(SETTINGS) == before
    assert database.value("select name from people where id = -1") == "somebody"
    assert database.rows("select what from gained") == []
    owned = database.value("select count(*) from pg_proc where proowner = 'grader'::regrole")
    shared = "roleid in ('app'::regrole, 'postgres'::regrole) or member in ('app'::regrole, 'postgres'::regrole)"
    assert (owned, database.value(f"select count(*) from pg_auth_members where {shared}")) == (0, 0)
"""


def test_code_in_the_graders_session_leaves_nothing_there(attack: Attack) -> None:
    grade = attack({"greetings.py": GAINS}, suite={"open_greetings.py": LASTS}, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "passed"}, grade.checks[0].message + grade.checks[0].detail


OTHERS = """
import psycopg

LOOKS = (
    "select pid, application_name, query from pg_stat_activity where usename is distinct from current_user",
    "select pid from pg_locks where pid <> pg_backend_pid()",
    "select pg_stat_get_backend_pid(1)",
    "select rolname from pg_roles where pg_has_role(rolname, 'member') and rolname <> current_user",
)


def greetings(connection, word, limit):
    seen = []
    for look in LOOKS:
        try:
            seen += [str(row) for row in connection.execute(look).fetchall()]
        except psycopg.Error:
            pass
    return seen
"""
NOBODY = """
def check_greets_by_name(http, recording):
    with recording.window():
        seen = http.get("/greetings", params={"limit": 3}).json()["greetings"]
    assert seen == [], seen
"""


def test_a_service_does_not_see_who_else_is_there(attack: Attack) -> None:
    grade = attack({"greetings.py": OTHERS}, suite={"open_greetings.py": NOBODY}, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "passed"}, grade.checks[0].message + grade.checks[0].detail
