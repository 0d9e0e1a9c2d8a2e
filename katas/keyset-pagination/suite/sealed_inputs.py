"""Cursors that the service did not issue, invalid parameters, and values written like parts of a statement."""

from __future__ import annotations

import base64
import binascii
import json
import random
import re
from typing import Any

from shared_feed import LONGEST_CURSOR, URL_SAFE, get_page, must_show, read_page

from graders.suite.api import Answer, Client, Database, Instance, RecordingMeter, must_be_problem, standing_of

# What sets parts apart, in no encoding for URLs a letter; kept by `split`.
_SEPARATOR = re.compile(r"([^A-Za-z0-9_\-=]+)")
# A part that says something: as long as this.
A_PART = 8
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
INVENTED = (
    "x",
    "0",
    "25",
    "-1",
    "null",
    "../../etc/passwd",
    "%00",
    "a%00b",
    "%F0%9F%8D%8E",
    "%ff%fe",
    "%27%20OR%20%271%27=%271",
    "=",
    "====",
    "....",
    "e30",
    "W10",
    "bnVsbA",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "A" * 1500,
)


def check_cursor_is_opaque_and_bound__invented(http: Client, rng: random.Random) -> None:
    for text in INVENTED:
        _must_be_refused(http.get(f"/events?cursor={text}"), f"the invented cursor {text[:40]!r}")
    positions: list[Any] = [
        {"occurred_at": "2025-03-01T10:00:00Z", "id": 5},
        ["2025-03-01T10:00:00+00:00", 5],
        {"page": 2},
        {"offset": 25},
        ["not a time", "not an id"],
        10**30,
    ]
    for position in positions:
        text = base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()
        _must_be_refused(get(http, cursor=text), f"the invented cursor {json.dumps(position)} in base64")
    noise = base64.urlsafe_b64encode(rng.randbytes(48)).decode()
    _must_be_refused(get(http, cursor=noise), "a cursor of random bytes")


def check_cursor_is_opaque_and_bound__altered(http: Client, rng: random.Random) -> None:
    cursor = _issued(http, account_id=1, limit=10)
    assert get(http, account_id=1, cursor=cursor).status == 200, "a cursor that the service issued is refused"
    for altered in _altered(cursor, rng):
        told = f"the cursor {altered[:LONGEST_CURSOR]!r}, altered from {cursor!r},"
        _must_be_refused(get(http, account_id=1, cursor=altered), told)


def check_cursor_is_opaque_and_bound__foreign(http: Client) -> None:
    lists: list[dict[str, Any]] = [
        {},
        {"account_id": 1},
        {"account_id": 57},
        {"kind": "login"},
        {"kind": "refund"},
        {"account_id": 1, "kind": "login"},
        {"account_id": 57, "kind": "login"},
    ]
    cursors = [_issued(http, limit=5, **own) for own in lists]
    for own, cursor in zip(lists, cursors, strict=True):
        for other in lists:
            if other != own:
                answer = get(http, cursor=cursor, **other)
                _must_be_refused(answer, f"a cursor of {_told(own)}, used with {_told(other)},")


def check_cursor_is_opaque_and_bound__in_every_process(service: Instance, http: Client) -> None:
    first = get_page(http, limit=10, kind="refund")
    here = get_page(http, limit=10, kind="refund", cursor=first.next_cursor)
    there = get_page(service.another().http, limit=10, kind="refund", cursor=first.next_cursor)
    must_show(there.events, here.events, "the second page, asked of another process,")


def get(http: Client, **parameters: Any) -> Answer:
    return http.get("/events", params=parameters)


def _told(filters: dict[str, Any]) -> str:
    return " and ".join(f"{name}={value}" for name, value in filters.items()) or "the whole feed"


def _cursor(http: Client, **parameters: Any) -> str:
    cursor = get_page(http, **parameters).next_cursor
    assert cursor is not None, f"the first page of {_told(parameters)} announces no next one"
    return cursor


def _issued(http: Client, **parameters: Any) -> str:
    """A cursor, which must be safe in a URL."""
    cursor = _cursor(http, **parameters)
    assert len(cursor.encode()) <= LONGEST_CURSOR, (
        f"a cursor has {len(cursor)} characters, more than {LONGEST_CURSOR}"
    )
    assert URL_SAFE.fullmatch(cursor), f"the cursor {cursor!r} is not safe in a URL"
    return cursor


def _must_be_refused(answer: Answer, what: str) -> None:
    assert answer.status == 400, f"{what} was answered {answer.status}, expected 400: {answer.text[:200]}"


def _altered(cursor: str, rng: random.Random) -> list[str]:
    """Changes that alter what the cursor decodes to, in any encoding.

    One letter or digit is replaced by another one that no encoding takes for the same. The last letters before
    an end or a separator stay: in base64 some of their bits mean nothing. In addition, ends and parts are cut off,
    characters are inserted that no cursor contains, and digits are changed in what base64 or hex decode to.
    """
    changed = []
    places = [
        place
        for place in range(len(cursor))
        if cursor[place : place + 4].isalnum() and place + 4 <= len(cursor)
    ]
    for place in rng.sample(places, min(len(places), 40)):
        others = [letter for letter in LETTERS if letter.lower() != cursor[place].lower()]
        changed.append(cursor[:place] + rng.choice(others) + cursor[place + 1 :])
    changed += [*_cut_short(cursor), *_with_strange_letters(cursor), *_with_other_digits(cursor)]
    return [text for text in dict.fromkeys(changed) if text and text != cursor]


def _cut_short(cursor: str) -> list[str]:
    """The cursor without its end, and with each part between separators removed or shortened."""
    length = len(cursor.rstrip("="))
    cut = [cursor[:end] for end in range(4, length - 3, max(4, length // 30))]
    pieces = _SEPARATOR.split(cursor)
    for number, piece in enumerate(pieces):
        if len(piece) < A_PART:
            continue
        before, behind = pieces[:number], pieces[number + 1 :]
        cut += ["".join([*before, start, *behind]) for start in ("", piece[:4])]
        cut += ["".join(before), "".join(before[:-1]), "".join(behind)]
    return cut


def _with_strange_letters(cursor: str) -> list[str]:
    """Letters that no encoding for URLs knows, in the middle of each part; and far more than any cursor has."""
    changed = ["A" * 1500 + cursor]
    pieces = _SEPARATOR.split(cursor)
    for number, piece in enumerate(pieces):
        if len(piece) < A_PART:
            continue
        half = len(piece) // 2
        for letter in ("\u00e9", "\u20ac", "\U0001f34e", "\0", " "):
            strange = piece[:half] + letter + piece[half + 1 :]
            changed.append("".join([*pieces[:number], strange, *pieces[number + 1 :]]))
    return changed


def _with_other_digits(cursor: str) -> list[str]:
    """The cursor with one digit changed in what it, or one of its parts between dots, decodes to."""
    changed = []
    parts = cursor.split(".")
    for number, part in enumerate(parts):
        for decode, encode in ((_from_base64, _to_base64), (_from_hex, _to_hex), (_from_number, _plain)):
            raw = decode(part)
            if raw is None or encode(raw, part) != part:
                continue
            for digit in list(re.finditer(rb"\d", raw))[:30]:
                other = b"%d" % ((int(digit[0]) + 1) % 10)
                text = encode(raw[: digit.start()] + other + raw[digit.end() :], part)
                changed.append(".".join([*parts[:number], text, *parts[number + 1 :]]))
    return changed


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None


def _to_base64(raw: bytes, like: str) -> str:
    text = base64.urlsafe_b64encode(raw).decode()
    return text if like.endswith("=") else text.rstrip("=")


def _from_hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _to_hex(raw: bytes, like: str) -> str:
    return raw.hex().upper() if like.isupper() else raw.hex()


def _from_number(text: str) -> bytes | None:
    return text.encode() if text.isdecimal() else None


def _plain(raw: bytes, like: str) -> str:
    return raw.decode()


def check_bad_input(http: Client) -> None:
    for parameters in (
        {"limit": 0},
        {"limit": 101},
        {"limit": 1000000},
        {"limit": -1},
        {"limit": "ten"},
        {"limit": "2.5"},
        {"limit": "9" * 30},
        {"kind": "logout"},
        {"kind": "LOGIN"},
        {"kind": "Refund"},
        {"kind": " login"},
        {"kind": "login,refund"},
        {"kind": "%"},
        {"account_id": "x"},
        {"account_id": "1.5"},
        {"account_id": "1;2"},
        {"account_id": "1 OR 1=1"},
    ):
        must_be_problem(get(http, **parameters), 422)
    for number in (2**63, -(2**63) - 1, int("9" * 25)):
        answer = get(http, account_id=number)
        assert answer.status in (200, 422), (
            f"{answer.request.target} was answered {answer.status}, expected 422 or 200"
        )


def check_bad_input__but_unknown_is_not_bad(http: Client, database: Database) -> None:
    nobody = database.value("select max(id) + 1000 from accounts")
    for account in (nobody, 2**31 - 1, 2**31, 3_000_000_000):
        for filters in ({}, {"kind": "login", "limit": 100}):
            page = get_page(http, account_id=account, **filters)
            assert page.events == [], (
                f"{page.answer.request.target} has events, and no account has the id {account}"
            )
            assert page.next_cursor is None, (
                f"{page.answer.request.target} is empty and announces a next page"
            )


def check_bad_input__an_id_below_all(http: Client) -> None:
    """Both readings are right: 0 is malformed, or an unknown account."""
    for account in (0, -1, -(2**31), "00", "-0"):
        for filters in ({}, {"kind": "login"}):
            answer = get(http, account_id=account, **filters)
            assert answer.status == 422 or not read_page(answer).events, (
                f"{answer.request.target} has events, and no account has the id {account}"
            )


def check_bad_input__hostile(http: Client, recording: RecordingMeter, rng: random.Random) -> None:
    cursor = _cursor(http, limit=5)
    for tail in ("' OR '1'='1", "'; SELECT 1; --", "\\' OR 1=1 --", '" OR ""="', "$1 %s :q ?", ") OR (1=1"):
        for name in ("limit", "kind", "account_id", "cursor"):
            canary = f"kata{rng.getrandbits(40):010x}{tail}"
            _must_stay_a_value(http, recording, {name: canary}, canary)
        canary = f"kata{rng.getrandbits(40):010x}{tail}"
        _must_stay_a_value(http, recording, {"cursor": cursor + canary}, canary)


def _must_stay_a_value(
    http: Client, recording: RecordingMeter, parameters: dict[str, str], canary: str
) -> None:
    with recording.window(f"a hostile {next(iter(parameters))}") as window:
        answer = get(http, **parameters)
    # `cursor-is-opaque-and-bound` judges the answer to a cursor that was not issued.
    assert "cursor" in parameters or answer.status in (400, 422), (
        f"{answer.request.target} was answered {answer.status}, expected 400 or 422"
    )
    for statement in window.all:
        standing = standing_of(canary, statement)
        assert standing in ("absent", "bound", "literal"), (
            f"the value {canary!r} of {next(iter(parameters))} became a part of a statement: {statement.text[:300]}"
        )
