"""Readers who page while others write."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared_feed import OWN_IDS, Event, Page, add_event, get_page, newest, own_account

from graders.suite.api import Client, Database

BEGIN = datetime(2024, 6, 1, tzinfo=UTC)
AHEAD = datetime(2101, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Reader:
    """Follows the pages, and knows which events it must have seen at the end."""

    def __init__(self, http: Client, database: Database, limit: int, account: int, kind: str | None) -> None:
        self._http, self._database = http, database
        self._parameters = {"limit": limit, "account_id": account, "kind": kind}
        self.account = account
        self.there = {event["id"]: event for event in newest(database, None, account_id=account, kind=kind)}
        self.seen: dict[int, Event] = {}

    def read(self, between: Callable[[Page], None]) -> None:
        """Read to the end; `between` writes after each page that is not the last."""
        cursor: str | None = None
        before: Event | None = None
        for _ in range(200):
            page = get_page(self._http, cursor=cursor, **self._parameters)
            for event in page.events:
                place = (event["occurred_at"], event["id"])
                assert event["id"] not in self.seen, f"{_told(event)} came a second time"
                if before is not None:
                    assert place < (before["occurred_at"], before["id"]), (
                        f"{self._as_it_is(event)} came after {self._as_it_is(before)}: newest first, and the "
                        "higher id first among equal times"
                    )
                assert event["account_id"] == self.account, f"{_told(event)} is of another account"
                self.seen[event["id"]] = event
                before = event
            cursor = page.next_cursor
            if cursor is None:
                break
            assert page.events, "an empty page announces a next one"
            between(page)
        else:
            raise AssertionError("after 200 pages there was still a next page")
        missing = sorted(set(self.there) - set(self.seen))
        assert not missing, (
            f"{len(missing)} of the {len(self.there)} events that were there from the beginning to the end were "
            f"never seen, e.g. {_told(self.there[missing[0]])}"
        )

    def _as_it_is(self, event: Event) -> str:
        """The event as it was shown, and its time in the table where that is another one."""
        truth = self._in_the_table(event)
        return _told(event) + (
            f" (in the table {_at(truth)})" if truth not in (None, event["occurred_at"]) else ""
        )

    def moment(self, event: Event) -> datetime:
        """When it happened; BEGIN for an event that the table does not have."""
        return self._in_the_table(event) or BEGIN

    def _in_the_table(self, event: Event) -> datetime | None:
        found = self._database.rows("select occurred_at from events where id = %s", event["id"])
        return found[0]["occurred_at"] if found else None

    def delete(self, id: int) -> None:
        self._database.execute("delete from events where id = %s", id)
        self.there.pop(id, None)


class Writer:
    """Writes where it disturbs most. Never uses an id twice."""

    def __init__(self, database: Database, reader: Reader, rng: random.Random) -> None:
        self._database, self._reader, self._rng = database, reader, rng
        self._number = 0

    def insert(self, moment: datetime, *, low: bool = False) -> None:
        self._number += 1
        id = OWN_IDS - 1_000_000 * self._reader.account - self._number if low else OWN_IDS * 3 + self._number
        add_event(self._database, id, self._reader.account, "login", moment)

    def disturb(self, page: Page) -> None:
        last = page.events[-1]
        # Where the answer shows another time than the row has, the row counts.
        here = self._reader.moment(last)
        self.insert(BEGIN + timedelta(days=9, seconds=self._number))
        for _ in range(self._rng.randrange(3)):
            nearby = self._rng.choice([-1000, -999, -1, 0, 1, 999, 1000]) * MICROSECOND
            self.insert(here + nearby, low=self._rng.random() < 0.5)
        self.insert(BEGIN - timedelta(seconds=self._number))
        if self._rng.random() < 0.7:
            self._reader.delete(last["id"])
        unseen = sorted(set(self._reader.there) - set(self._reader.seen))
        if unseen and self._rng.random() < 0.5:
            self._reader.delete(self._rng.choice(unseen))
        if self._rng.random() < 0.3:
            self._reader.delete(self._rng.choice(sorted(self._reader.seen)))


def check_stable_under_writes(http: Client, database: Database, rng: random.Random) -> None:
    for limit, kind in ((5, None), (rng.randrange(6, 12), None), (4, "login")):
        with own_account(database, _moments(rng), kinds=("login", "login", "export")) as account:
            reader = Reader(http, database, limit, account, kind)
            reader.read(Writer(database, reader, rng).disturb)


def check_stable_under_writes__at_each_boundary(http: Client, database: Database) -> None:
    """The event at which a page ended goes away each time, and a new one comes at the head."""
    moments = [BEGIN + timedelta(seconds=n // 30, microseconds=(n % 30) * 7) for n in range(60)]
    # An event whose time is in the future is shown like any other.
    with own_account(database, [*moments, AHEAD, AHEAD + MICROSECOND]) as account:
        reader = Reader(http, database, 7, account, None)
        writer = Writer(database, reader, random.Random(0))

        def between(page: Page) -> None:
            reader.delete(page.events[-1]["id"])
            writer.insert(BEGIN + timedelta(days=1, microseconds=page.ids[0] % 1000))

        reader.read(between)


def check_stable_under_writes__without_filters(http: Client, database: Database) -> None:
    before = newest(database, 80)
    latest = before[0]["occurred_at"]
    account = before[0]["account_id"]
    added: list[int] = []
    try:
        seen: list[int] = []
        cursor = None
        for number in range(8):
            page = get_page(http, limit=10, cursor=cursor)
            seen += page.ids
            cursor = page.next_cursor
            added.append(OWN_IDS * 2 + number)
            add_event(database, added[-1], account, "login", latest + timedelta(microseconds=1 + number))
        expected = [event["id"] for event in before]
        assert len(set(seen)) == len(seen), "events of the whole feed came a second time while others arrived"
        assert seen == expected, (
            "the first 80 events of the whole feed were not the ones that were there at first"
        )
    finally:
        for id in added:
            database.execute("delete from events where id = %s", id)


def _moments(rng: random.Random) -> list[datetime]:
    """Sixty moments: whole seconds with ties, a crowd within one millisecond, and some alone."""
    ties = [BEGIN + timedelta(seconds=n // 8) for n in range(24)]
    crowd = [BEGIN + timedelta(minutes=1, microseconds=rng.randrange(1000)) for _ in range(24)]
    alone = [BEGIN + timedelta(minutes=2, microseconds=rng.randrange(90_000_000)) for _ in range(12)]
    return [*ties, *crowd, *alone]


def _told(event: Event) -> str:
    return f"event {event['id']} of {_at(event['occurred_at'])}"


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
