"""Secrets in a real database and in texts, found in every disguise that people use."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.backing.postgres import Cluster
from graders.backing.postgres.session import Database
from graders.suite.library import secret_scan

SECRET = "correct horse battery staple"
TOKEN = "JfVwq0f3xX1m-9tS_aZk7Qb2LrUeYhNc"


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    with Database(cluster.admin_url) as database:
        database.script(
            "drop schema if exists hidden cascade; create schema hidden;"
            "drop table if exists public.people, public.keys;"
            "create table public.people (id bigint, email text, password_hash text, salt text);"
            "create table public.keys (owner bigint, raw bytea, extra jsonb, list text[]);"
            "create table hidden.diary (line text)"
        )
        database.execute("insert into people values (7, 'Ann@Example.net', '$argon2id$nothing', 'NaCl')")
        yield database


def places(database: Database, secret: str = SECRET, *marks: object) -> set[tuple[str, str]]:
    cells = secret_scan.read_cells(database)
    salts = secret_scan.salts_in(secret_scan.rows_about(cells, *marks)) if marks else ()
    finds = secret_scan.find_in_cells(cells, {"it": secret}, secret_scan.fast_hashes(secret.encode(), salts))
    return {(find.where, find.how) for find in finds}


def test_a_clean_database_holds_no_secret(database: Database) -> None:
    assert places(database, SECRET, 7) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "update people set salt = %s",
        "insert into keys (list) values (array['x', %s])",
        "insert into keys (extra) values (jsonb_build_object('deep', jsonb_build_array(%s::text)))",
        "insert into keys (raw) values (convert_to('v1:' || %s, 'UTF8'))",
        "insert into hidden.diary values ('today: ' || %s)",
    ],
)
def test_a_secret_in_clear_is_found_in_every_kind_of_column(database: Database, statement: str) -> None:
    database.execute(statement, SECRET)
    assert {how for _, how in places(database)} == {"in clear"}


@pytest.mark.parametrize(
    "encoded",
    [
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        "v1." + base64.b64encode(SECRET.encode()).decode(),
        "x" + base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        base64.b32encode(SECRET.encode()).decode(),
        SECRET.replace(" ", "%20"),
    ],
)
def test_an_encoded_secret_is_found(database: Database, encoded: str) -> None:
    database.execute("update people set salt = %s", encoded)
    assert ("people.salt", "encoded") in places(database)


@pytest.mark.parametrize("name", secret_scan.FAST_HASHES)
def test_every_fast_hash_is_found_as_hex_base64_and_bytes(database: Database, name: str) -> None:
    digest = hashlib.new(name, SECRET.encode()).digest()
    database.execute(
        "update people set salt = %s, password_hash = %s", digest.hex(), base64.b64encode(digest).decode()
    )
    database.execute("insert into keys (raw) values (%s)", b"\x01" + digest)
    assert places(database) == {("people.salt", name), ("people.password_hash", name), ("keys.raw", name)}


def test_a_salted_hash_is_found_with_the_salts_of_the_persons_own_rows(database: Database) -> None:
    digest = hashlib.sha256(b"NaCl" + SECRET.encode()).hexdigest()
    database.execute("insert into keys (owner, extra) values (7, to_jsonb(%s::text))", digest)
    assert places(database, SECRET, 7) == {("keys.extra", "salted sha256")}
    assert places(database, SECRET) == set()


def test_a_salt_beside_its_hash_in_one_text_is_taken_apart(database: Database) -> None:
    salt = bytes(range(16))
    digest = hashlib.sha1(SECRET.encode() + salt).hexdigest()
    database.execute("update people set password_hash = %s", f"sha1${salt.hex()}${digest}")
    assert ("people.password_hash", "salted sha1") in places(database, SECRET, 7)


def test_an_hmac_cut_short_is_found(database: Database) -> None:
    digest = hmac.digest(b"ann@example.net", SECRET.encode(), "sha512").hex()[:20]
    database.execute("update people set salt = %s, email = 'ann@example.net'", digest)
    assert ("people.salt", "HMAC-sha512") in places(database, SECRET, 7)


def test_a_hash_of_a_token_is_no_find_unless_it_is_asked_for(database: Database) -> None:
    database.execute("insert into keys (raw) values (%s)", hashlib.sha256(TOKEN.encode()).digest())
    assert secret_scan.find_in_cells(secret_scan.read_cells(database), {"token": TOKEN}) == ()


def test_no_function_of_the_services_role_runs_while_the_tables_are_read(database: Database) -> None:
    database.script(
        "drop table if exists public.trap; drop type if exists public.bait cascade;"
        "create type public.bait as (word text); create table public.trap (bait public.bait);"
        "create function public.spring(public.bait) returns text language plpgsql as"
        " 'begin raise exception ''it ran''; end'; create cast (public.bait as text)"
        " with function public.spring(public.bait) as implicit;"
        "insert into public.trap values (row('cheese')::public.bait)"
    )
    assert any(cell.value == b"(cheese)" for cell in secret_scan.read_cells(database))
    database.script("drop table public.trap; drop type public.bait cascade")


@given(st.binary(max_size=200))
def test_views_never_raise_and_begin_with_the_value_itself(value: bytes) -> None:
    assert next(iter(secret_scan.views(value))) == value
    assert all(isinstance(view, bytes) for view in secret_scan.views(value))


def test_secrets_in_a_text_are_named() -> None:
    log = f"POST /login\ntoken={base64.b64encode(TOKEN.encode()).decode()}\n".encode()
    assert secret_scan.secrets_in(log, {"a token": TOKEN, "a password": SECRET}) == ("a token",)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('Traceback (most recent call last):\n  File "x.py", line 3, in f', "a stack trace"),
        ("TypeError: x\n    at Object.get (/srv/app.js:10:5)", "a stack trace"),
        ('{"detail": "INSERT INTO users (email) VALUES ($1)"}', "SQL"),
        ("duplicate key value violates unique constraint", "SQL"),
        ("[SQL: SELECT users.id, users.email \nFROM users]", "SQL"),
        ("select id from users where email = $1", "SQL"),
        ("select * from notes", "SQL"),
        ("see /srv/app/routes/login.py", "a file's path"),
        ("$2b$12$abcdefghijklmnopqrstuuO", "a password hash"),
        ("pbkdf2_sha256$600000$x$y", "a password hash"),
    ],
)
def test_what_belongs_inside_is_recognised(text: str, inside: str) -> None:
    assert inside in [name for name, _ in secret_scan.insides_in(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Please select one from the list.",
        "Select a date from the calendar",
        "GET /notes/7 200",
        '{"title": "Update"}',
        "/v1/rooms",
    ],
)
def test_plain_words_are_no_insides(text: str) -> None:
    assert secret_scan.insides_in(text) == ()


def test_the_line_that_holds_a_secret_is_told_with_every_secret_masked() -> None:
    secrets = {"a token": "t0k3n-of-ann", "a password": "correct horse"}
    log = "started\nrefresh of t0k3n-of-ann after correct horse\nt0k3n-of-ann again\n"
    assert secret_scan.line_with("a token", log, secrets) == "refresh of <a token> after <a password>"


def test_a_long_line_is_told_around_its_secret() -> None:
    line = secret_scan.line_with(
        "a token", "x" * 500 + " t0k3n-of-ann " + "y" * 500, {"a token": "t0k3n-of-ann"}
    )
    assert "<a token>" in line and len(line) <= 200
