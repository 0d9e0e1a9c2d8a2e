"""Statements of a log become the requests that sent them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graders.sql.activity.requests import GroupBy, group_requests, read_tags, trace_of
from graders.sql.statement import Statement

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def sent(text: str, at: float, session: str = "s1", application: str = "", nested: bool = False) -> Statement:
    return Statement(
        text, at=at, session=session, application=application, order=round(at * 1000), nested=nested
    )


def grouped(statements: list[Statement], by: GroupBy = "auto", gap: float = 0.1) -> list[list[str]]:
    found = sorted(group_requests(statements, by=by, gap=gap), key=lambda one: one.statements[0].order)
    return [[one.text for one in request.statements] for request in found]


def test_a_pause_ends_a_request_and_sessions_are_apart() -> None:
    statements = [sent("a", 0.0), sent("x", 0.01, "s2"), sent("b", 0.05), sent("c", 0.5)]
    assert grouped(statements) == [["a", "b"], ["x"], ["c"]]


def test_a_long_statement_is_no_pause() -> None:
    slow = Statement("slow", at=0.0, session="s1", duration_ms=900.0)
    assert grouped([slow, sent("next", 0.95)]) == [["slow", "next"]]


def test_a_clock_that_jumps_back_ends_a_request() -> None:
    assert grouped(
        [sent("a", 100.0), sent("b", 100.01), Statement("c", at=5.0, session="s1", order=9**9)]
    ) == [
        ["a", "b"],
        ["c"],
    ]


def test_a_pool_that_resets_its_session_ends_a_request() -> None:
    statements = [sent("a", 0.0), sent("DISCARD ALL", 0.001), sent("b", 0.002)]
    assert grouped(statements) == [["a", "DISCARD ALL"], ["b"]]


def test_another_application_name_begins_a_request() -> None:
    statements = [sent("a", 0.0, application="web r1"), sent("b", 0.001, application="web r2")]
    assert grouped(statements) == [["a"], ["b"]]


def test_an_application_name_can_join_sessions() -> None:
    statements = [sent("a", 0.0, "s1", "r1"), sent("b", 0.01, "s2", "r1"), sent("c", 0.02, "s3", "r2")]
    assert grouped(statements, by="application") == [["a", "b"], ["c"]]
    assert grouped(statements, by="session") == [["a"], ["b"], ["c"]]


def test_a_traceparent_joins_sessions_and_parts_what_is_close() -> None:
    statements = [
        sent(f"a /*traceparent='{TRACE}'*/", 0.0),
        sent(f"b /*route='%2Forders',traceparent='{OTHER}'*/", 0.001),
        sent(f"c /*traceparent='{TRACE}'*/", 0.002, "s2"),
    ]
    requests = sorted(group_requests(statements), key=lambda one: one.statements[0].order)
    assert [[one.text[0] for one in request.statements] for request in requests] == [["a", "c"], ["b"]]
    assert [request.label for request in requests] == ["", "/orders"]
    assert requests[0].trace == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_another_route_begins_a_request() -> None:
    statements = [
        sent("begin", 0.0),
        sent("a /*route='one'*/", 0.001),
        sent("commit", 0.002),
        sent("b /*route='two'*/", 0.003),
    ]
    assert grouped(statements) == [["begin", "a /*route='one'*/", "commit"], ["b /*route='two'*/"]]


def test_nested_statements_stay_with_what_called_them() -> None:
    statements = [sent("call", 0.0), sent("inner", 3.0, nested=True), sent("next", 3.2)]
    assert grouped(statements) == [["call", "inner"], ["next"]]


def test_tags_are_decoded_and_a_trace_of_zeroes_is_none() -> None:
    tags = read_tags("select 1 /*controller='a%20b',action='it\\'s'*/ -- x")
    assert tags == {"controller": "a b", "action": "it's"}
    assert trace_of({"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01"}) == ""


def transactions(count: int, pause: float, *work: str, at: float = 0.0) -> list[Statement]:
    """Transactions of these statements, each with other values, 1 ms between statements."""
    found = []
    for number in range(count):
        for text in ("begin", *work, "commit"):
            found.append(sent(text.format(number), at))
            at += 0.001
        at += pause
    return found


def sizes(statements: list[Statement]) -> list[int]:
    return [len(request) for request in grouped(statements)]


AUTH, USER = "select user_id from sessions where token = 't{}'", "select * from users where id = {}"
LIST, ITEM = "select id from orders limit 9", "select * from line where order_id = {}"


def test_the_transactions_of_a_busy_connection_are_requests() -> None:
    assert sizes(transactions(30, 0.026, AUTH, USER)) == [4] * 30
    assert sizes(transactions(30, 0.0, AUTH, USER)) == [4] * 30


def test_times_in_whole_seconds_change_nothing_about_it() -> None:
    whole = [
        Statement(one.text, at=float(int(one.at)), session="s1", order=place)
        for place, one in enumerate(transactions(60, 0.02, AUTH, USER))
    ]
    assert sizes(whole) == [4] * 60


def test_a_loop_with_a_transaction_for_each_row_belongs_to_its_list() -> None:
    assert sizes([sent(LIST, 0.0), *transactions(9, 0.001, ITEM, at=0.001)]) == [28]
    assert sizes([*transactions(1, 0.0, LIST), *transactions(9, 0.001, ITEM, at=0.003)]) == [30]


def test_a_transaction_that_is_followed_after_a_while_ends_a_request() -> None:
    first, second = transactions(1, 0.0, LIST), transactions(1, 0.0, LIST, at=0.05)
    assert sizes([*first, *second]) == [3, 3]


def test_no_pause_inside_a_transaction_ends_a_request() -> None:
    slow = [sent("begin", 0.0), sent("update a", 0.001), sent("update b", 5.0), sent("commit", 5.001)]
    assert sizes([*slow, sent("select 1 from a", 5.2)]) == [4, 1]


def test_requests_without_transactions_are_cut_where_they_begin_again() -> None:
    steps = (AUTH, USER, LIST)
    stream = [sent(steps[n % 3].format(n), n * 0.001 + (n // 3) * 0.02) for n in range(30)]
    assert sizes(stream) == [3] * 10


def test_a_loop_without_a_transaction_is_not_cut() -> None:
    pairs = [sent((USER, ITEM)[n % 2].format(n // 2), 0.001 + n * 0.001) for n in range(20)]
    assert sizes([sent(LIST, 0.0), *pairs]) == [21]
    assert sizes(pairs) == [20]


def test_single_statements_at_the_pace_of_requests_are_requests() -> None:
    assert sizes([sent(USER.format(n), n * 0.03) for n in range(30)]) == [1] * 30
    assert sizes([sent(USER.format(n), n * 0.001) for n in range(30)]) == [30]


def test_a_ping_of_the_pool_hands_the_connection_over() -> None:
    stream = [sent(("SELECT 1", USER)[n % 2].format(n), n * 0.001) for n in range(8)]
    assert sizes(stream) == [2] * 4


def test_a_transaction_that_is_tried_again_after_a_conflict_is_the_same_request() -> None:
    failed = Statement("update a", at=0.001, session="s1", order=1, error="40001")
    again = transactions(1, 0.0, "update a", at=0.3)
    assert sizes([sent("begin", 0.0), failed, sent("rollback", 0.002), *again]) == [6]


def test_missing_lines_may_hold_the_end_of_a_transaction() -> None:
    late = Statement("commit", at=9.0, session="s1", order=9000, after_gap=True)
    soon = Statement("commit", at=0.01, session="s1", order=10, after_gap=True)
    assert sizes([sent("begin", 0.0), sent("update a", 0.001), late]) == [2, 1]
    assert sizes([sent("begin", 0.0), sent("update a", 0.001), soon]) == [3]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 50, allow_nan=False)), max_size=60),
    st.sampled_from(["auto", "session", "application", "trace"]),
)
def test_every_statement_is_in_one_request_and_sessions_do_not_touch_each_other(
    drawn: list[tuple[str, float]], by: GroupBy
) -> None:
    statements = [
        Statement(f"s{place}", session=session, at=at, order=place)
        for place, (session, at) in enumerate(sorted(drawn, key=lambda one: one[1]))
    ]
    requests = list(group_requests(statements, by=by))
    assert sorted(one.order for request in requests for one in request.statements) == list(
        range(len(statements))
    )
    for name in "abc":
        alone = grouped([one for one in statements if one.session == name], by=by)
        among = [
            one for one in grouped(statements, by=by) if one and one[0] in {text for g in alone for text in g}
        ]
        assert among == alone


def tries(count: int) -> list[Statement]:
    """Tries of one transaction, 0.3 s apart: all but the last end with a serialization failure."""
    found = []
    for number in range(count):
        start, failed = number * 0.3, number + 1 < count
        found += [sent("begin", start), sent("select total from orders where id = 4", start + 0.001)]
        error = "40001" if failed else None
        update = "update orders set total = 3 where id = 4"
        found.append(
            Statement(update, at=start + 0.002, session="s1", order=round(start * 1000) + 2, error=error)
        )
        found.append(sent("rollback" if failed else "commit", start + 0.003))
    return found


def test_all_tries_of_a_transaction_are_one_request() -> None:
    assert sizes(tries(5)) == [20]


def test_another_request_after_the_last_try_is_apart() -> None:
    assert sizes([*tries(4), sent("begin", 1.2), sent("select 1 from a", 1.201), sent("commit", 1.202)]) == [
        16,
        3,
    ]


ASYNCPG = ("SELECT pg_advisory_unlock_all()", "CLOSE ALL", "UNLISTEN *", "RESET ALL")


def borrowed(works: list[str], *reset: str, pause: float = 0.001, at: float = 0.0) -> list[Statement]:
    """Each statement on a connection of its own, which the pool resets after it."""
    found = []
    for number, work in enumerate(works):
        for text in (work.format(number), *reset):
            found.append(sent(text, at))
            at += 0.001
        at += pause
    return found


def test_a_loop_that_borrows_a_connection_for_each_statement_is_one_request() -> None:
    for reset in (ASYNCPG, ("; ".join(ASYNCPG),), ("DISCARD ALL",)):
        assert sizes(borrowed([LIST, *[ITEM] * 6], *reset)) == [7 * (1 + len(reset))]
    pinged = [sent("select 1", 0.0), sent(LIST, 0.001)]
    for number in range(6):
        pinged += [
            sent("select 1", 0.002 * number + 0.003),
            sent(ITEM.format(number), 0.002 * number + 0.004),
        ]
    assert sizes(pinged) == [14]


def test_requests_over_a_pool_stay_apart() -> None:
    assert sizes(borrowed([ITEM] * 6, "DISCARD ALL")) == [2] * 6
    assert sizes(borrowed([LIST, *[ITEM] * 6], "DISCARD ALL", pause=0.02)) == [2] * 7
    assert sizes(borrowed([AUTH, USER] * 6, *ASYNCPG)) == [5] * 12
    busy = transactions(6, 0.0, AUTH, USER)
    for place in range(len(busy), 0, -4):
        busy.insert(
            place, Statement("DISCARD ALL", at=busy[place - 1].at, session="s1", order=busy[place - 1].order)
        )
    assert sizes(busy) == [5] * 6
