"""Pages as a reader sees them, the table's own truth about them, and events made for a check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

from graders.suite.api import Answer, Client, Database, is_row_id

KINDS = ("login", "purchase", "refund", "comment", "export")
FIELDS = ("id", "account_id", "kind", "occurred_at", "payload")
LONGEST_CURSOR = 512
# Characters that a URL's query may contain and that have no meaning there.
URL_SAFE = re.compile(r"[A-Za-z0-9\-._~=!$'()*,;:@/?]+")
_OFFSET = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z")
# Ids of events that a check made: beyond what 32 bits hold, and beyond any that the seed made.
OWN_IDS = 5_000_000_000

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its events (with `occurred_at` as a datetime), the cursor to the next page, the link to it."""

    events: list[Event]
    next_cursor: str | None
    next_link: str | None
    answer: Answer

    @property
    def ids(self) -> list[int]:
        return [event["id"] for event in self.events]


def get_page(http: Client, **parameters: Any) -> Page:
    """A page of the feed for these parameters (None: not sent); it must be a 200 that can be read as a page."""
    return read_page(http.get("/events", params=parameters))


def read_page(answer: Answer) -> Page:
    assert answer.status == 200, (
        f"GET {answer.request.target} was answered {answer.status}, expected 200{_promised(answer)}"
    )
    document = answer.json()
    assert isinstance(document, dict), f"a page is not a JSON object: {answer.text[:200]}"
    assert isinstance(document.get("events"), list), f"a page has no list `events`: {answer.text[:200]}"
    assert "next_cursor" in document, "a page has no `next_cursor`"
    cursor = document["next_cursor"]
    assert cursor is None or isinstance(cursor, str), f"next_cursor is {cursor!r}; it is a string or null"
    return Page([_event(event) for event in document["events"]], cursor, next_link(answer), answer)


def _promised(answer: Answer) -> str:
    """What the contract says for a request with a cursor: every one that is sent to get a page was issued for it."""
    if "cursor=" not in answer.request.target:
        return f": {answer.text[:300]}"
    return (
        ". The service issued this cursor for these filters; it opens its page with any limit, from any connection, "
        "and after a restart"
    )


def _event(event: Any) -> Event:
    assert isinstance(event, dict), f"an event is not a JSON object: {event!r}"
    for name in FIELDS:
        assert name in event, f"an event has no {name!r}: {event}"
    for name in ("id", "account_id"):
        value = event[name]
        assert is_row_id(value), f"{name} is not a row's number: {value!r}"
    return {**{name: event[name] for name in FIELDS}, "occurred_at": moment_of(event["occurred_at"])}


def moment_of(text: Any) -> datetime:
    """The instant of an RFC 3339 time, with any offset."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if _OFFSET.search(text) else _no_time(text)
    except (TypeError, ValueError, OverflowError):
        return _no_time(text)


def _no_time(text: Any) -> NoReturn:
    raise AssertionError(f"occurred_at is {text!r}, which is not an RFC 3339 time")


def must_be_in_form(page: Page) -> None:
    """The form of a page: its media type, and times in UTC with `Z`."""
    kind = page.answer.media_type
    assert kind == "application/json", f"a page came as {kind!r}, not application/json"
    for event in page.answer.json()["events"]:
        assert event["occurred_at"].endswith("Z"), (
            f"occurred_at is {event['occurred_at']!r}; it is RFC 3339 in UTC with `Z`"
        )


def next_link(answer: Answer) -> str | None:
    """The target of the link with rel="next" (RFC 8288), None where there is none."""
    for value in answer.headers.get_all("Link"):
        for target, parameters in re.findall(
            r"<([^>]*)>((?:\s*;\s*[\w*!-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,]+))?)*)", value
        ):
            relation = re.search(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,]+))", parameters, re.IGNORECASE)
            if relation and "next" in (relation[1] or relation[2]).lower().split():
                return str(target)
    return None


def follow(http: Client, link: str) -> Page:
    """The page that a link leads to, absolute or relative."""
    try:
        parts = urlsplit(link)
    except ValueError:
        raise AssertionError(f"the link {link!r} is not a URL") from None
    path = parts.path or "/events"
    if not path.startswith("/"):
        path = "/" + path
    return read_page(http.get(f"{path}?{parts.query}"))


def newest(
    database: Database, limit: int | None, *, kind: str | None = None, account_id: int | None = None
) -> list[Event]:
    """What the table says a first page of `limit` (None: all) events holds."""
    return database.rows(
        """
        select id, account_id, kind, occurred_at, payload from events
        where (%s::text is null or kind = %s) and (%s::bigint is null or account_id = %s)
        order by occurred_at desc, id desc limit %s
        """,
        kind, kind, account_id, account_id, limit,
    )  # fmt: skip


def must_show(
    events: Sequence[Event], expected: Sequence[Event], what: str, fields: Sequence[str] = FIELDS
) -> None:
    """The same events in the same order, alike in these fields; the first difference makes the sentence."""
    for number, (found, wanted) in enumerate(zip(events, expected, strict=False), start=1):
        assert found["id"] == wanted["id"], (
            f"{what}: event {number} has the id {found['id']}, expected {wanted['id']}"
        )
        for name in fields:
            assert found[name] == wanted[name], (
                f"{what}: {name} of event {found['id']} is {_told(found[name])}, expected {_told(wanted[name])}"
            )
    assert len(events) == len(expected), f"{what} has {len(events)} events, expected {len(expected)}"


def _told(value: Any) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else repr(value)


def walk(http: Client, most: int, **parameters: Any) -> Iterator[Page]:
    """Page after page along `next_cursor`; fails when events come again or when it goes beyond `most` events."""
    seen: set[int] = set()
    cursor: str | None = None
    while True:
        page = get_page(http, cursor=cursor, **parameters)
        again = seen.intersection(page.ids)
        assert not again, f"following the cursor, event {min(again)} came a second time"
        seen.update(page.ids)
        assert len(seen) <= most, f"following the cursor, more than {most} events came"
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return
        assert page.events, "an empty page announces a next one"


@contextmanager
def own_account(
    database: Database, moments: Sequence[datetime], kinds: Sequence[str] = ("login",)
) -> Iterator[int]:
    """An account with one event for each moment; it goes away with the block. Ids do not follow the time."""
    account = int(database.value("select max(id) + 1 from accounts"))
    database.execute("insert into accounts (id, name) values (%s, 'Grader')", account)
    try:
        for number, moment in enumerate(moments):
            id = OWN_IDS + account * 100_000 + (number * 7919) % 9973
            add_event(database, id, account, kinds[number % len(kinds)], moment)
        yield account
    finally:
        database.execute("delete from events where account_id = %s", account)
        database.execute("delete from accounts where id = %s", account)


@contextmanager
def without_indexes(database: Database) -> Iterator[None]:
    """Sessions that the service opens in the block make plans without indexes."""
    settings = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")
    database.as_service("; ".join(f"alter role current_user set {name} = off" for name in settings))
    try:
        yield
    finally:
        database.as_service("; ".join(f"alter role current_user reset {name}" for name in settings))


def add_event(database: Database, id: int, account: int, kind: str, moment: datetime) -> None:
    database.execute(
        "insert into events (id, account_id, kind, occurred_at, payload) values (%s, %s, %s, %s, '{}')",
        id, account, kind, moment,
    )  # fmt: skip


def apart(begin: datetime, count: int) -> list[datetime]:
    """Moments a minute apart, no two alike."""
    return [begin + timedelta(minutes=n) for n in range(count)]


def bursts(begin: datetime, *sizes: int) -> list[datetime]:
    """Moments in whole seconds, a minute apart, each as often as its size says."""
    return [begin + timedelta(minutes=n) for n, size in enumerate(sizes) for _ in range(size)]
