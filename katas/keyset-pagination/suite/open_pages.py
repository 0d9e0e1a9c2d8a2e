"""What you can read: first pages, a walk from the first page to the last, and how the last one ends."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from shared_feed import (
    KINDS,
    Event,
    apart,
    bursts,
    get_page,
    must_be_in_form,
    must_show,
    newest,
    own_account,
    walk,
    without_indexes,
)

from graders.suite.api import Client, Database, Instance

LAST_YEAR = datetime(2024, 6, 1, tzinfo=UTC)
BIGGEST, SMALLEST = 1, 2


def check_first_page(http: Client, database: Database, rng: random.Random) -> None:
    first = get_page(http)
    must_be_in_form(first)
    must_show(first.events, newest(database, 25), "GET /events")
    for limit in (1, rng.randrange(2, 99), 100):
        page = get_page(http, limit=limit)
        must_show(page.events, newest(database, limit), f"GET /events?limit={limit}")
        assert page.next_cursor is not None, f"a page of {limit} events of {100_000} announces no next one"


def check_first_page__filtered(http: Client, database: Database, rng: random.Random) -> None:
    for kind in KINDS:
        page = get_page(http, kind=kind, limit=40)
        must_show(page.events, newest(database, 40, kind=kind), f"GET /events?kind={kind}&limit=40")
    for account in (BIGGEST, SMALLEST, rng.randrange(3, 200)):
        page = get_page(http, account_id=account)
        must_show(page.events, newest(database, 25, account_id=account), f"GET /events?account_id={account}")
        kind = rng.choice(KINDS)
        page = get_page(http, account_id=account, kind=kind, limit=100)
        expected = newest(database, 100, account_id=account, kind=kind)
        must_show(page.events, expected, f"GET /events?account_id={account}&kind={kind}&limit=100")


def check_first_page__of_an_unknown_account(http: Client, database: Database) -> None:
    nobody = database.value("select max(id) + 1000 from accounts")
    page = get_page(http, account_id=nobody)
    assert page.events == [], "an account that does not exist has events"
    assert page.next_cursor is None, "an empty page announces a next one"


def check_first_page__whatever_the_plan(service: Instance, database: Database) -> None:
    """An index hands out its rows in order; another plan does so only where the statement asks for it."""
    with own_account(database, bursts(LAST_YEAR, 30, 60)) as account, without_indexes(database):
        http = service.another().http
        page = get_page(http, account_id=account, limit=75)
        expected = newest(database, 75, account_id=account)
        must_show(page.events, expected, "a first page that PostgreSQL had to make without an index")


def check_walk_sees_everything_once(http: Client, database: Database, rng: random.Random) -> None:
    # A hundred events in one second, so that every page but the largest ends inside it.
    moments = bursts(LAST_YEAR, 3, 100, 1, 20, 8)
    with own_account(database, moments, kinds=("login", "export", "login")) as account:
        for limit in (1 + rng.randrange(5, 9), 25, 100):
            _must_see_all(http, database, limit=limit, account_id=account)
        _must_see_all(http, database, limit=7, account_id=account, kind="export")
    _must_see_all(http, database, limit=rng.randrange(10, 30), account_id=SMALLEST)


def check_walk_sees_everything_once__over_a_restart(
    service: Instance, http: Client, database: Database
) -> None:
    with own_account(database, bursts(LAST_YEAR, 60, 15)) as account:
        expected = newest(database, None, account_id=account)
        seen: list[Event] = []
        for number, page in enumerate(walk(http, len(expected), limit=20, account_id=account)):
            seen += page.events
            if number == 1:
                service.restart()
        must_show(seen, expected, "the walk with a restart in its middle", ("id",))


def _must_see_all(
    http: Client, database: Database, *, limit: int, account_id: int, kind: str | None = None
) -> None:
    expected = newest(database, None, account_id=account_id, kind=kind)
    seen: list[Event] = []
    for page in walk(http, len(expected), limit=limit, account_id=account_id, kind=kind):
        assert len(page.events) <= limit, f"a page of limit {limit} has {len(page.events)} events"
        seen += page.events
    must_show(seen, expected, f"the walk with limit {limit}", ("id",))


def check_last_page_ends(http: Client, database: Database) -> None:
    with own_account(database, apart(LAST_YEAR, 30)) as account:
        for limit in (10, 15, 30):
            pages = list(walk(http, 30, limit=limit, account_id=account))
            last = pages[-1]
            assert last.events, f"30 events with limit {limit} end in an empty page"
            assert last.next_link is None, f"the last page of 30 events with limit {limit} has a `next` link"
            assert len(pages) == 30 // limit, f"30 events with limit {limit} came in {len(pages)} pages"
        for limit in (7, 29, 31, 100):
            last = list(walk(http, 30, limit=limit, account_id=account))[-1]
            assert last.next_link is None, f"the last page of 30 events with limit {limit} has a `next` link"
    with own_account(database, []) as account:
        page = get_page(http, account_id=account)
        assert not page.events and page.next_cursor is None and page.next_link is None, (
            "an account without events has an empty page, a null cursor and no link"
        )
