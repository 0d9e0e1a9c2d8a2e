"""What pages cost: at any depth, with any filter, in a larger table; and what it costs to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from shared_feed import OWN_IDS, apart, get_page, own_account

from graders.suite.api import (
    Client,
    Database,
    GrowthMeter,
    Recording,
    RecordingMeter,
    SuiteError,
    cost,
    nodes_of,
    read_plan,
)

LIMIT = 25
BUDGET = 4 * LIMIT + 200
# Drivers prepare a statement after some executions, and PostgreSQL makes one plan for all values after some more.
WARM_UP = 12
MOST_INDEXES = 4
COPY_ROWS = 5_000
FEED = ("events",)
# Half of the feed in one answer of the database.
EVERYTHING = 50_000

Parameters = dict[str, Any]
FILTERS: tuple[Parameters, ...] = (
    {},
    {"kind": "login"},
    {"kind": "export"},
    {"account_id": 1},
    {"account_id": 3},
    {"account_id": 57},
    {"account_id": 1, "kind": "login"},
    {"account_id": 1, "kind": "export"},
    {"account_id": 57, "kind": "comment"},
    # Rare in the account as well as in the kind: neither filter's own index would do.
    {"account_id": 3, "kind": "export"},
)
# Before everything that the seed made: a search from the newest event on passes the whole table.
LONG_AGO = datetime(2024, 6, 1, tzinfo=UTC)


def check_depth_costs_nothing(
    http: Client, database: Database, recording: RecordingMeter, growth: GrowthMeter
) -> None:
    pages = (1, *(_page_after_a_lone_event(database, least) for least in (100, 1_000)))
    first = _recorded(http, database, recording, {}, "page 1")
    if first.rows_sent >= EVERYTHING:
        # Every page costs as much as the first one here, which `filters-use-an-index` judges. To page down to page
        # 1,000 would take minutes.
        return
    recordings = [first]
    for page, cursor in zip(pages[1:], _cursors_of_pages(http, pages), strict=True):
        recordings.append(_recorded(http, database, recording, {"cursor": cursor}, f"page {page}"))
        # Where the hundredth page costs too much, a deeper one costs more and takes its time.
        _must_cost_no_more(growth, pages[: len(recordings)], recordings)


def _page_after_a_lone_event(database: Database, least: int) -> int:
    """The first page from `least` on before which no burst ends: ties are read twice by some correct statements."""
    page = database.value(
        """
        select place / %s + 1 from (
            select row_number() over (order by occurred_at desc, id desc) as place,
                   count(*) over (partition by occurred_at) as ties
            from events) as placed
        where place %% %s = 0 and place >= %s and ties <= 3
        order by place limit 1
        """,
        LIMIT, LIMIT, LIMIT * (least - 1),
    )  # fmt: skip
    return int(page)


def _must_cost_no_more(growth: GrowthMeter, pages: tuple[int, ...], recordings: list[Recording]) -> None:
    """The last of these pages costs about what the first one costs."""
    page, label = f"page {pages[-1]:,}", f"GET /events?limit={LIMIT}, page {{size}}"
    # A small table of the service's own may be read whole at first and by its index later: only its buffers count.
    measures: tuple[tuple[str, tuple[str, ...], str], ...] = (
        ("rows_read", FEED, "rows of events"),
        ("buffers", (), "buffers"),
    )
    for unit, tables, what in measures:
        values = [cost(found, unit, tables) for found in recordings]
        allowed = 2 * values[0] + 200
        if values[-1] > allowed:
            growth.growth_of(unit, pages, recordings, tables=tables, label=label)
            raise AssertionError(
                f"{page} read {values[-1]:,.0f} {what}, page 1 read {values[0]:,.0f}; the limit is {allowed:,.0f}"
            )
    skipped = [_skipped(window) for window in recordings]
    assert skipped[-1] <= 2 * skipped[0] + 200, (
        f"for {page} PostgreSQL sorted {skipped[-1]:,} rows only to skip them, for page 1 {skipped[0]:,}"
    )


def _skipped(window: Recording) -> int:
    """Rows that reached a LIMIT and were skipped: the cost of an OFFSET, also where everything is read anyway."""
    plans = [read_plan(statement.plan) for statement in (*window.work, *window.nested) if statement.plan]
    limits = [node for plan in plans for node in nodes_of(plan) if node.kind == "Limit"]
    return sum(max(0, sum(child.rows or 0 for child in node.children) - (node.rows or 0)) for node in limits)


def _cursors_of_pages(http: Client, pages: tuple[int, ...]) -> Iterator[str | None]:
    """The cursors of these pages of 25 but the first, each when it is asked for. A cursor is not bound to the limit,
    so large steps lead there as well."""
    cursor: str | None = None
    seen = 0
    for page in pages[1:]:
        while seen < (page - 1) * LIMIT:
            step = min(100, (page - 1) * LIMIT - seen)
            found = get_page(http, limit=step, cursor=cursor)
            cursor, seen = found.next_cursor, seen + step
            assert cursor is not None, f"the feed of 100,000 events ends after {seen} events"
        yield cursor


def check_filters_use_an_index(http: Client, database: Database, recording: RecordingMeter) -> None:
    with own_account(database, apart(LONG_AGO, 60), ("export",)) as account:
        database.analyze()
        sparse: tuple[Parameters, ...] = ({}, {"kind": "export"}, {"kind": "login"})
        _must_all_be_cheap(http, database, recording, [{"account_id": account, **more} for more in sparse])
    database.analyze()
    _must_all_be_cheap(http, database, recording, FILTERS)


def _must_all_be_cheap(
    http: Client, database: Database, recording: RecordingMeter, all_filters: Iterable[Parameters]
) -> None:
    for filters in all_filters:
        _must_be_cheap(http, database, recording, filters, "first page")
        cursor = _deep_cursor(http, filters)
        if cursor is not None:
            _must_be_cheap(http, database, recording, {**filters, "cursor": cursor}, "deep page")


def _must_be_cheap(
    http: Client, database: Database, recording: RecordingMeter, parameters: Parameters, what: str
) -> None:
    shown = "&".join(f"{name}={value}" for name, value in parameters.items() if name != "cursor")
    page = f"the {what} of {shown or 'the whole feed'}"
    found = _recorded(http, database, recording, parameters, page, WARM_UP)
    rows, buffers = found.rows_read(FEED), found.buffers
    assert rows <= BUDGET, f"{page}: {rows:,} rows read for {LIMIT} events; the limit is {BUDGET}"
    assert buffers <= BUDGET, f"{page}: {buffers:,} buffers read for {LIMIT} events; the limit is {BUDGET}"


def _deep_cursor(http: Client, filters: Parameters) -> str | None:
    """A cursor some pages down, so far as there are pages."""
    cursor: str | None = None
    for _ in range(6):
        found = get_page(http, limit=100 if cursor else 20, cursor=cursor, **filters)
        if found.next_cursor is None:
            break
        cursor = found.next_cursor
    return cursor


def _recorded(
    http: Client,
    database: Database,
    recording: RecordingMeter,
    parameters: Parameters,
    label: str,
    warm_up: int = 2,
) -> Recording:
    """One request of this page, recorded after the warm-up."""
    _analyze_own_tables(database)
    for _ in range(warm_up):
        get_page(http, limit=LIMIT, **parameters)
    with recording.window(label) as window:
        get_page(http, limit=LIMIT, **parameters)
    return window


def _analyze_own_tables(database: Database) -> None:
    """What autovacuum would do at some time: a service that stores something of each page in a table may have plans
    from when that table was empty."""
    own = _own_tables(database)
    if own:
        database.execute(f"analyze {', '.join(own)}")


def check_no_hidden_count(
    http: Client, database: Database, recording: RecordingMeter, growth: GrowthMeter
) -> None:
    filters: tuple[Parameters, ...] = (
        FILTERS[0],
        {"kind": "login"},
        {"account_id": 1},
        {"account_id": 1, "kind": "login"},
    )
    requests: list[Parameters] = []
    for given in filters:
        second = get_page(http, limit=LIMIT, **given).next_cursor
        requests += [given, {**given, "cursor": second}, {**given, "cursor": _deep_cursor(http, given)}]
    before = [_recorded(http, database, recording, request, "the table as it is") for request in requests]
    with _doubled(database) as events:
        for request, small in zip(requests, before, strict=True):
            large = _recorded(http, database, recording, request, "the table doubled")
            few, many = small.rows_read(FEED), large.rows_read(FEED)
            if many > max(1.5 * few, BUDGET):
                shown = _shown(request)
                label = f"{shown} in a table of N events"
                growth.growth_of("rows_read", events, [small, large], tables=FEED, label=label)
                raise AssertionError(f"{shown}: {few:,} rows read, and {many:,} after the table had doubled")


def _shown(request: Parameters) -> str:
    shown = "&".join(f"{name}={'...' if name == 'cursor' else value}" for name, value in request.items())
    return f"GET /events?limit={LIMIT}{'&' if shown else ''}{shown}"


@contextmanager
def _doubled(database: Database) -> Iterator[tuple[int, int]]:
    """Every event a second time, long before; gives the number of events that were there, and that are."""
    limit = database.value("select count(*) from events")
    if limit > 1_000_000:
        raise SuiteError("this dataset is too large to be doubled", hint="Grade with the small dataset.")
    with database.connect(autocommit=False) as session:
        # The accounts exist already; the foreign key need not be checked for each row.
        session.execute("set local session_replication_role = replica")
        session.execute(
            "insert into events select id + %s, account_id, kind, occurred_at - interval '10 years', payload "
            "from events where id < %s",
            (2 * OWN_IDS, OWN_IDS),
        )
    database.execute("vacuum analyze events")
    try:
        yield limit, 2 * limit
    finally:
        database.execute("delete from events where id >= %s", 2 * OWN_IDS)


def check_writes_stay_cheap(database: Database) -> None:
    indexes = database.rows("""
        select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = 'public.events'::regclass and not i.indisprimary order by 1
    """)
    names = ", ".join(index["name"] for index in indexes)
    assert len(indexes) <= MOST_INDEXES, (
        f"`events` has {len(indexes)} indexes in addition to its primary key: {names}"
    )
    for name in _own_tables(database):
        rows = database.value(f"select count(*) from {name}")
        assert rows < COPY_ROWS, f"{name} holds {rows:,} rows: it copies `events`"


def _own_tables(database: Database) -> list[str]:
    """The tables that the service has added, as SQL names them."""
    relations = database.rows("""
        select format('%I.%I', n.nspname, c.relname) as name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
          and c.oid not in ('public.events'::regclass, 'public.accounts'::regclass)
    """)
    return [relation["name"] for relation in relations]
