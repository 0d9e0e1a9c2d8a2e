"""Scenarios with psycopg 3, psycopg2, pg8000 and asyncpg, as services without an ORM send them."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import asyncpg
import pg8000.dbapi
import psycopg
import psycopg2
from psycopg.rows import dict_row
from scenario import faulty, main, sound, think


@contextmanager
def connected(url: str, **options: object) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, **options) as connection:
        yield connection


# Loops that one statement could replace.


@faulty("The list of books is read once, then the author of each by primary key.")
def psycopg_author_of_each_book(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for first in (0, 40):
            books = c.execute(
                "SELECT id, title, author_id FROM books WHERE id > %s ORDER BY id LIMIT 12", (first,)
            )
            for _, _, author in books.fetchall():
                c.execute("SELECT id, name FROM authors WHERE id = %s", (author,)).fetchone()
            think()


@faulty("The same loop with server-side prepared statements by name: the text appears with bind values.")
def psycopg_prepared_by_name(url: str) -> None:
    with connected(url, autocommit=True) as c:
        members = c.execute("SELECT id FROM members ORDER BY name LIMIT 14", prepare=True).fetchall()
        for (member,) in members:
            c.execute("SELECT count(*) FROM loans WHERE member_id = %s", (member,), prepare=True).fetchone()


@faulty("Literals in the text (simple protocol) do not make the statements different ones.")
def psycopg2_literals(url: str) -> None:
    c = psycopg2.connect(url)
    cursor = c.cursor()
    cursor.execute("SELECT id, isbn FROM books WHERE price_cents < %s ORDER BY id LIMIT 10", (700,))
    for _, isbn in cursor.fetchall():
        cursor.execute("SELECT title, price_cents FROM books WHERE isbn = %s", (isbn,))
        cursor.fetchone()
    c.rollback()
    c.close()


@faulty(
    "pg8000 sends each lookup with unnamed parameters; the list is a join, the loop asks per pair of keys."
)
def pg8000_composite_key(url: str) -> None:
    parts = urlsplit(url)
    c = pg8000.dbapi.connect(
        user=parts.username or "", host=parts.hostname, port=parts.port, database=parts.path[1:]
    )
    cursor = c.cursor()
    cursor.execute(
        "SELECT b.id, s.branch_id FROM books b JOIN stock s ON s.book_id = b.id WHERE b.id < 12 ORDER BY b.id"
    )
    for book, branch in cursor.fetchall():
        cursor.execute("SELECT quantity FROM stock WHERE branch_id = %s AND book_id = %s", (branch, book))
        cursor.fetchone()
    c.rollback()
    c.close()


@faulty("Two statements for each row: a count and the newest review. Both could be one lateral join.")
def psycopg_two_statements_a_row(url: str) -> None:
    with connected(url, autocommit=True) as c:
        books = c.execute("SELECT id, title FROM books WHERE author_id IN (8, 15) ORDER BY id").fetchall()
        for book, _ in books:
            c.execute("SELECT count(*), avg(stars) FROM reviews WHERE book_id = %s", (book,)).fetchone()
            c.execute(
                "SELECT body, stars FROM reviews WHERE book_id = %s ORDER BY id DESC LIMIT 1", (book,)
            ).fetchone()


@faulty(
    "The keys come from a cache, so the log has no list; the lookups by primary key are a loop all the same."
)
def psycopg_keys_from_a_cache(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for book in (3, 91, 14, 702, 55, 1203, 400, 17, 88, 920, 31, 640):
            c.execute("SELECT id, title, price_cents FROM books WHERE id = %s", (book,)).fetchone()


@faulty("Companies and persons are read with other column lists: two shapes, one loop over the same list.")
def psycopg_other_columns_by_kind(url: str) -> None:
    with connected(url, autocommit=True) as c:
        authors = c.execute(
            "SELECT id, kind FROM authors WHERE country_id = 4 ORDER BY id LIMIT 14"
        ).fetchall()
        more = c.execute("SELECT id, kind FROM authors WHERE country_id = 5 ORDER BY id LIMIT 14").fetchall()
        for author, kind in authors + more:
            columns = "id, name" if kind == "person" else "id, name, country_id"
            c.execute(f"SELECT {columns} FROM authors WHERE id = %s", (author,)).fetchone()


@faulty("Only five rows, yet a statement for each: the count grows with the page size.")
def psycopg_short_list(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for first in (10, 20, 30):
            books = c.execute(
                "SELECT id, author_id FROM books WHERE id > %s ORDER BY id LIMIT 5", (first,)
            ).fetchall()
            for _, author in books:
                c.execute("SELECT name FROM authors WHERE id = %s", (author,)).fetchone()
            think()


@faulty("The permission of the same member is asked again for every row.", "repeated-query")
def psycopg_permission_for_each_row(url: str) -> None:
    with connected(url, autocommit=True) as c:
        books = c.execute("SELECT id, title FROM books ORDER BY id LIMIT 10").fetchall()
        for _ in books:
            c.execute("SELECT 1 FROM grants WHERE member_id = %s AND action = %s", (7, "read")).fetchone()


@faulty(
    "The path to the root is climbed statement by statement; a recursive query does it in one.",
    debatable=True,
)
def psycopg_climbs_a_tree(url: str) -> None:
    with connected(url, autocommit=True) as c:
        shelf: int | None = 12
        while shelf is not None:
            row = c.execute("SELECT parent_id, label FROM shelves WHERE id = %s", (shelf,)).fetchone()
            shelf = row[0] if row else None


@faulty("The lines of one order are inserted one by one in a transaction.", "write-loop")
def psycopg_insert_in_a_transaction(url: str) -> None:
    with connected(url) as c:
        c.execute("SELECT id FROM members WHERE email = %s", ("member5@example.org",))
        for book in range(900, 915):
            c.execute("INSERT INTO loans (book_id, member_id) VALUES (%s, %s)", (book, 5))


@faulty("The same without a transaction: every insert commits alone.", "write-loop")
def psycopg_insert_with_autocommit(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for book in range(920, 934):
            c.execute(
                "INSERT INTO loans (book_id, member_id) VALUES (%s, %s) RETURNING id", (book, 6)
            ).fetchone()


@faulty(
    "Each row is inserted, then read back for its defaults: RETURNING and one statement would do.",
    "write-loop",
)
def psycopg_insert_then_read_back(url: str) -> None:
    with connected(url) as c:
        for book in range(940, 950):
            row = c.execute(
                "INSERT INTO loans (book_id, member_id) VALUES (%s, %s) RETURNING id", (book, 9)
            ).fetchone()
            c.execute("SELECT id, state, due FROM loans WHERE id = %s", row).fetchone()


@faulty("An upsert for each item of a feed instead of a list of rows.", "write-loop")
def psycopg2_upsert_for_each_item(url: str) -> None:
    c = psycopg2.connect(url)
    cursor = c.cursor()
    for number in range(12):
        cursor.execute(
            "INSERT INTO imports (isbn, title) VALUES (%s, %s) ON CONFLICT (isbn) DO UPDATE SET title = excluded.title",
            (f"u-{number}", f"Feed {number}"),
        )
    c.commit()
    c.close()


@faulty("Each price is changed alone; the new value is computed by the application.", "write-loop")
def psycopg_update_for_each_row(url: str) -> None:
    with connected(url) as c:
        books = c.execute(
            "SELECT id, price_cents FROM books WHERE author_id = 22 OR author_id = 29"
        ).fetchall()
        for book, price in books:
            c.execute("UPDATE books SET price_cents = %s WHERE id = %s", (price + book % 7, book))


@faulty("Deletes by primary key from a list in memory.", "write-loop")
def psycopg_delete_for_each_id(url: str) -> None:
    with connected(url) as c:
        for event in range(700, 711):
            c.execute("DELETE FROM events WHERE id = %s", (event,))


@faulty("Check, then insert, for each row of an upload: two statements a row.", "write-loop")
def psycopg_check_then_insert(url: str) -> None:
    with connected(url) as c:
        for number in range(10):
            isbn = f"check-{number}"
            if c.execute("SELECT id FROM imports WHERE isbn = %s", (isbn,)).fetchone() is None:
                c.execute("INSERT INTO imports (isbn, title) VALUES (%s, %s)", (isbn, "New"))


@faulty(
    "A savepoint around each insert; ON CONFLICT DO NOTHING with many rows would do.",
    "write-loop",
    debatable=True,
)
def psycopg_savepoint_for_each_row(url: str) -> None:
    with connected(url) as c:
        c.execute("SELECT count(*) FROM imports").fetchone()
        for number in range(9):
            with c.transaction():
                c.execute("INSERT INTO imports (isbn, title) VALUES (%s, %s)", (f"sp-{number}", "New"))


@faulty(
    "One request asks for the details at the same time over a pool: the loop is spread over four sessions."
)
def asyncpg_gathers_over_a_pool(url: str) -> None:
    async def handle() -> None:
        async with asyncpg.create_pool(
            url, min_size=4, max_size=4, server_settings={"application_name": "catalogue"}
        ) as pool:
            books = await pool.fetch("SELECT id, author_id FROM books ORDER BY published DESC LIMIT 24")
            await asyncio.gather(
                *(
                    pool.fetchrow("SELECT name, country_id FROM authors WHERE id = $1", b["author_id"])
                    for b in books
                )
            )

    asyncio.run(handle())


@faulty("pool.fetch() borrows a connection for each statement, so the pool's reset comes between the steps.")
def asyncpg_borrows_for_each_item(url: str) -> None:
    async def handle() -> None:
        async with asyncpg.create_pool(
            url, min_size=3, max_size=3, max_inactive_connection_lifetime=0, reset=None
        ) as pool:
            members = await pool.fetch(
                "SELECT id, email FROM members WHERE branch_id = $1 ORDER BY id LIMIT 15", 3
            )
            for member in members:
                await pool.fetch("SELECT id, book_id, state FROM loans WHERE member_id = $1", member["id"])

    asyncio.run(handle())


@faulty("A transaction pooler gives each statement another server connection; the client's loop is one.")
def psycopg_through_a_pooler(url: str) -> None:
    servers = [psycopg.connect(url, autocommit=True, application_name="web-1") for _ in range(3)]
    chosen = random.Random(4)
    rows = (
        servers[0].execute("SELECT id, book_id FROM reviews WHERE stars = 5 ORDER BY id LIMIT 18").fetchall()
    )
    for _, book in rows:
        chosen.choice(servers).execute("SELECT title FROM books WHERE id = %s", (book,)).fetchone()
    for server in servers:
        server.close()


@faulty("Resolvers of a graph: books of each author, then reviews of each book.")
def asyncpg_graph_resolvers(url: str) -> None:
    async def handle() -> None:
        c = await asyncpg.connect(url)
        for author in await c.fetch("SELECT id, name FROM authors ORDER BY id LIMIT 4"):
            for book in await c.fetch(
                "SELECT id, title FROM books WHERE author_id = $1 LIMIT 4", author["id"]
            ):
                await c.fetch("SELECT stars FROM reviews WHERE book_id = $1", book["id"])
        await c.close()

    asyncio.run(handle())


@faulty("The newest event of each member: ORDER BY … LIMIT 1 with the key of a row is a lookup, not a page.")
def psycopg_newest_of_each(url: str) -> None:
    with connected(url, row_factory=dict_row) as c:
        members = c.execute(
            "SELECT id, name FROM members WHERE branch_id = 2 ORDER BY id LIMIT 12"
        ).fetchall()
        for member in members:
            c.execute(
                "SELECT kind, at FROM events WHERE member_id = %s ORDER BY at DESC LIMIT 1", (member["id"],)
            ).fetchone()


@faulty("The keys of the list happen to rise by one, like the bounds of pages; each is a lookup of one row.")
def psycopg_consecutive_keys(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for (book,) in c.execute("SELECT id FROM books WHERE id BETWEEN 200 AND 212 ORDER BY id").fetchall():
            c.execute("SELECT quantity FROM stock WHERE book_id = %s LIMIT 1", (book,)).fetchone()


@faulty("For each book the next one in the list of its author: a window function (lead) does that in one.")
def psycopg_neighbour_of_each(url: str) -> None:
    with connected(url, autocommit=True) as c:
        books = c.execute(
            "SELECT id, author_id FROM books WHERE price_cents > 1900 ORDER BY id LIMIT 10"
        ).fetchall()
        for book, author in books:
            c.execute(
                "SELECT id, title FROM books WHERE author_id = %s AND id < %s ORDER BY id DESC LIMIT 1",
                (author, book),
            ).fetchone()


# Look-alikes.


@sound("An export walks the table by OFFSET: pages, whose size the application chose.")
def psycopg_offset_walk(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for page in range(9):
            c.execute("SELECT id, title FROM books ORDER BY id LIMIT 100 OFFSET %s", (page * 100,)).fetchall()


@sound("A keyset walk: each page begins after the last row of the one before.")
def psycopg_keyset_walk(url: str) -> None:
    with connected(url, autocommit=True) as c:
        last = 0
        while rows := c.execute(
            "SELECT id, name FROM authors WHERE id > %s ORDER BY id LIMIT 30", (last,)
        ).fetchall():
            last = rows[-1][0]


@sound("A keyset walk whose bound is a text, in descending order.")
def psycopg2_text_bound(url: str) -> None:
    c = psycopg2.connect(url)
    cursor = c.cursor()
    last = "~"
    while True:
        cursor.execute(
            "SELECT email, name FROM members WHERE email < %s ORDER BY email DESC LIMIT 25", (last,)
        )
        rows = cursor.fetchall()
        if len(rows) < 25:
            break
        last = rows[-1][0]
    c.rollback()
    c.close()


@sound("A keyset of two columns compared as a row.")
def asyncpg_row_bound(url: str) -> None:
    async def walk() -> None:
        c = await asyncpg.connect(url)
        page = await c.fetch("SELECT published, id FROM books ORDER BY published, id LIMIT 150")
        while page:
            page = await c.fetch(
                "SELECT published, id FROM books WHERE (published, id) > ($1, $2) ORDER BY published, id LIMIT 150",
                page[-1]["published"],
                page[-1]["id"],
            )
        await c.close()

    asyncio.run(walk())


@sound("A keyset written out as OR, with the last page shorter than the others.")
def psycopg_written_out_bound(url: str) -> None:
    with connected(url) as c:
        name, key = "", 0
        while True:
            rows = c.execute(
                "SELECT name, id FROM members WHERE name > %s OR (name = %s AND id > %s) ORDER BY name, id LIMIT 35",
                (name, name, key),
            ).fetchall()
            if len(rows) < 35:
                return
            name, key = rows[-1]


@sound("A viewer shows one book at a time: pages of one row by OFFSET, in one session.", debatable=True)
def psycopg_one_row_by_offset(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for place in range(8):
            c.execute("SELECT id, title FROM books ORDER BY title, id LIMIT 1 OFFSET %s", (place,)).fetchone()


@sound("A keyset walk with a page size of one row, as an iterator over a big table.", debatable=True)
def psycopg_page_of_one_row(url: str) -> None:
    with connected(url) as c:
        last = 0
        for _ in range(9):
            row = c.execute(
                "SELECT id, label FROM shelves WHERE id > %s ORDER BY id LIMIT 1", (last,)
            ).fetchone()
            last = row[0] if row else last


@sound("The same walk twice in one session: an export and its check sum.")
def psycopg_same_walk_twice(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for _ in range(2):
            last = 0
            while rows := c.execute(
                "SELECT id, stars FROM reviews WHERE id > %s ORDER BY id LIMIT 800", (last,)
            ).fetchall():
                last = rows[-1][0]


@sound("Pages overlap by five rows, so that a row written late is not missed.")
def psycopg_overlapping_pages(url: str) -> None:
    with connected(url, autocommit=True) as c:
        last = 0
        for _ in range(8):
            rows = c.execute(
                "SELECT id, kind FROM events WHERE id >= %s ORDER BY id LIMIT 40", (last,)
            ).fetchall()
            last = rows[-5][0]


@sound("A backfill by ranges of ids, each of which holds many rows.")
def psycopg_backfill_by_range(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for low in range(1, 1500, 200):
            c.execute("UPDATE books SET summary = trim(summary) WHERE id >= %s AND id < %s", (low, low + 200))


@sound("A report reads one window of time after another, to limit memory.")
def psycopg_windows_of_time(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for day in range(1, 6):
            c.execute(
                "SELECT id, kind, member_id FROM events WHERE at >= %s AND at < %s",
                (f"2025-03-0{day}", f"2025-03-0{day + 1}"),
            ).fetchall()


@sound("A long list of keys is asked for in chunks of 50.")
def psycopg_chunked_any(url: str) -> None:
    with connected(url, autocommit=True) as c:
        keys = [k for (k,) in c.execute("SELECT author_id FROM books WHERE id <= 300").fetchall()]
        for first in range(0, len(keys), 50):
            c.execute(
                "SELECT id, name FROM authors WHERE id = ANY(%s)", (keys[first : first + 50],)
            ).fetchall()


@sound("An import in inserts of 40 rows each, every batch with a transaction and a line in its journal.")
def psycopg2_batches_of_rows(url: str) -> None:
    c = psycopg2.connect(url)
    cursor = c.cursor()
    for batch in range(5):
        rows = ", ".join(cursor.mogrify("(%s, %s)", (f"b-{batch}-{n}", "Row")).decode() for n in range(40))
        cursor.execute(f"INSERT INTO imports (isbn, title) VALUES {rows}")
        cursor.execute("INSERT INTO events (kind, member_id) VALUES ('import', %s)", (batch,))
        c.commit()
    c.close()


@sound("Upserts of 30 rows each.")
def psycopg_upserts_of_many_rows(url: str) -> None:
    with connected(url) as c:
        for batch in range(5):
            isbns = [f"m-{batch}-{n}" for n in range(30)]
            c.execute(
                "INSERT INTO imports (isbn, title) SELECT unnest(%s::text[]), 'Row'"
                " ON CONFLICT (isbn) DO UPDATE SET title = excluded.title",
                (isbns,),
            )


@sound("COPY in four files.")
def psycopg_copies(url: str) -> None:
    with connected(url) as c:
        for batch in range(4):
            with c.cursor().copy("COPY imports (isbn, title) FROM STDIN") as copy:
                for number in range(50):
                    copy.write_row((f"c-{batch}-{number}", "Copied"))


@sound("A worker polls for a job every 120 ms and completes what it gets.")
def psycopg_polls_for_jobs(url: str) -> None:
    with connected(url, autocommit=True, application_name="worker") as c:
        for _ in range(7):
            with c.transaction():
                job = c.execute(
                    "SELECT id, payload FROM jobs WHERE state = 'waiting' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
                ).fetchone()
                if job:
                    c.execute("UPDATE jobs SET state = 'done' WHERE id = %s", (job[0],))
            think(120)


@sound("A worker drains its queue without a pause; each job is claimed and completed in its own transaction.")
def psycopg_drains_a_queue(url: str) -> None:
    with connected(url, autocommit=True, application_name="worker") as c:
        for _ in range(9):
            job = c.execute(
                "UPDATE jobs SET state = 'running' WHERE id = (SELECT id FROM jobs WHERE state = 'waiting'"
                " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, payload"
            ).fetchone()
            think(8)
            c.execute("UPDATE jobs SET state = 'done' WHERE id = %s", (job[0],))


@sound("A load balancer's health check.")
def psycopg_health_checks(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for _ in range(12):
            c.execute("SELECT 1").fetchone()
            think(30)


@sound("A transfer is tried again after 40001; each try repeats the same two reads and two updates.")
def psycopg_retries_a_transfer(url: str) -> None:
    with (
        connected(url, autocommit=True) as c,
        connected(url, autocommit=True, application_name="other") as other,
    ):
        c.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for attempt in range(4):
            try:
                with c.transaction():
                    for account in (3, 8):
                        c.execute("SELECT balance FROM accounts WHERE id = %s", (account,)).fetchone()
                    if attempt < 3:
                        other.execute("UPDATE accounts SET balance = balance + 1 WHERE id = 3")
                    c.execute("UPDATE accounts SET balance = balance - %s WHERE id = %s", (10, 3))
                    c.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (10, 8))
                return
            except psycopg.errors.SerializationFailure:
                continue


@sound("The form saves a row and reads it back after each of three edits of the same record.")
def psycopg_reads_after_writes(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for state in ("approved", "ready", "collected"):
            c.execute("UPDATE loans SET state = %s WHERE id = %s", (state, 50))
            c.execute("SELECT id, state, due FROM loans WHERE id = %s", (50,)).fetchone()


@sound("One loan goes through its states: each update expects the state before, so they cannot be one.")
def psycopg_state_machine(url: str) -> None:
    states = ["requested", "approved", "packed", "sent", "received", "returned"]
    with connected(url, autocommit=True) as c:
        for before, after in itertools.pairwise(states):
            c.execute("UPDATE loans SET state = %s WHERE id = %s AND state = %s", (after, 61, before))


@sound("Two tenants by design: the same report for each of both.")
def psycopg_two_tenants(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for tenant in (1, 2):
            c.execute(
                "SELECT id, name FROM branches WHERE tenant_id = %s ORDER BY name", (tenant,)
            ).fetchall()


@sound("Both accounts of a transfer are locked in the order of their ids.")
def psycopg_locks_two_accounts(url: str) -> None:
    with connected(url) as c:
        for account in (4, 9):
            c.execute("SELECT balance FROM accounts WHERE id = %s FOR UPDATE", (account,)).fetchone()
        for account, change in ((4, -5), (9, 5)):
            c.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (change, account))


@sound("The cache is filled at start-up: one statement for each table.")
def psycopg_warms_a_cache(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for table in ("countries", "branches", "preferences", "shelves", "grants", "accounts"):
            c.execute(f"SELECT * FROM {table}").fetchall()


@sound("An advisory lock is tried until another session lets go of it.")
def psycopg_tries_an_advisory_lock(url: str) -> None:
    with connected(url, autocommit=True) as holder, connected(url, autocommit=True) as c:
        holder.execute("SELECT pg_advisory_lock(77)")
        for attempt in range(8):
            if attempt == 6:
                holder.execute("SELECT pg_advisory_unlock(77)")
            c.execute("SELECT pg_try_advisory_lock(%s)", (77,)).fetchone()
            think(25)


@sound("Three invoice numbers from a sequence, one for each document of the request.", debatable=True)
def psycopg_takes_numbers(url: str) -> None:
    with connected(url) as c:
        for _ in range(3):
            c.execute("SELECT nextval('invoice_numbers')").fetchone()


@sound("A server-side cursor is fetched in portions.")
def psycopg_fetches_a_cursor(url: str) -> None:
    with connected(url) as c, c.cursor(name="export") as cursor:
        cursor.itersize = 250
        cursor.execute("SELECT id, title FROM books ORDER BY id")
        for _ in cursor:
            pass


@sound("A busy pooled connection: twelve requests for a single book, each with its own check of the session.")
def psycopg_busy_connection(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for book in range(600, 612):
            c.execute(
                "SELECT id FROM members WHERE email = %s", (f"member{book - 595}@example.org",)
            ).fetchone()
            c.execute("SELECT id, title, price_cents FROM books WHERE id = %s", (book,)).fetchone()
            think(18)


@sound("The same with a transaction for each request and no pause to speak of.")
def psycopg_busy_transactions(url: str) -> None:
    with connected(url) as c:
        for book in range(620, 630):
            c.execute("SELECT id, name FROM members WHERE id = %s", (book - 600,)).fetchone()
            c.execute("SELECT id, title FROM books WHERE id = %s", (book,)).fetchone()
            c.execute("INSERT INTO events (kind, member_id) VALUES ('view', %s)", (book - 600,))
            c.commit()
            think(9)


@sound("A client turns pages: a count and a page for each request, with a pause.")
def psycopg_client_turns_pages(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for page in range(5):
            c.execute("SELECT count(*) FROM books WHERE price_cents < %s", (1500,)).fetchone()
            c.execute(
                "SELECT id, title FROM books WHERE price_cents < %s ORDER BY id LIMIT 20 OFFSET %s",
                (1500, page * 20),
            ).fetchall()
            think()


@sound("Old events are deleted in portions until nothing is left.")
def psycopg_deletes_in_portions(url: str) -> None:
    with connected(url, autocommit=True) as c:
        while c.execute(
            "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < %s ORDER BY id LIMIT 60)",
            ("2025-03-02",),
        ).rowcount:
            pass


@sound("An outbox relay takes ten rows and marks them with one statement, round after round.")
def psycopg_relays_an_outbox(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for _ in range(4):
            with c.transaction():
                rows = c.execute("SELECT id FROM jobs WHERE state <> 'sent' ORDER BY id LIMIT 10").fetchall()
                c.execute("UPDATE jobs SET state = 'sent' WHERE id = ANY(%s)", ([r[0] for r in rows],))


@sound("Eight figures of a dashboard, each of another table or condition.")
def psycopg_dashboard(url: str) -> None:
    with connected(url, autocommit=True) as c:
        for figure in (
            "count(*) FROM books",
            "count(*) FROM members WHERE branch_id = 1",
            "count(*) FROM loans WHERE state = 'requested'",
            "avg(stars) FROM reviews",
            "max(at) FROM events",
            "sum(balance) FROM accounts",
            "count(*) FROM jobs WHERE state = 'waiting'",
        ):
            c.execute(f"SELECT {figure}").fetchone()


@sound("executemany sends its rows in one pipeline: no round trip for each.", debatable=True)
def psycopg_executemany(url: str) -> None:
    with connected(url) as c:
        c.cursor().executemany(
            "INSERT INTO imports (isbn, title) VALUES (%s, %s)", [(f"em-{n}", "Row") for n in range(10)]
        )


if __name__ == "__main__":
    main()
