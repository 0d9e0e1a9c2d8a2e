"""What makes a seed give other rows on another load: calls that differ each time, and two loads compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from graders.authoring.problem import Problem
from graders.backing.postgres import Binaries
from graders.backing.postgres.reproducibility import differing_rows
from graders.errors import PackError
from graders.packs.records import Kata

_RANDOM = ("random", "random_normal")
_UNIQUE = (
    "gen_random_uuid", "gen_random_bytes", "uuidv4", "uuidv7", "uuid_generate_v1", "uuid_generate_v1mc",
    "uuid_generate_v4", "gen_salt", "pg_backend_pid", "txid_current", "pg_current_xact_id",
)  # fmt: skip
_CLOCK = (
    "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "current_timestamp",
    "current_date", "current_time", "localtimestamp", "localtime",
)  # fmt: skip
# These are keywords; the others count only where they are called.
_WITHOUT_PARENTHESES = ("current_timestamp", "current_date", "current_time", "localtimestamp", "localtime")
_CLOCK_LITERALS = ("now", "today", "yesterday", "tomorrow")
# As a text: what a dollar quote holds is code of a DO block or a function, so it is read like the rest.
_TOKEN = re.compile(
    r"""
      (?P<skip> --[^\n]* | /\*.*?\*/ | "(?:[^"]|"")*" )
    | (?P<text> [eE]'(?:[^'\\]|\\.|'')*' | '(?P<inside>(?:[^']|'')*)' )
    | (?P<word> [A-Za-z_][\w$]* ) (?P<call> \s*\( )?
    """,
    re.VERBOSE | re.DOTALL,
)


def audit_seed(kata: Kata) -> Iterator[Problem]:
    """The calls in seed.sql whose result differs between loads, each with its line."""
    path = kata.folder / "seed.sql"
    text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
    seeded = re.search(r"\bsetseed\s*\(", text, re.IGNORECASE) is not None
    for match in _TOKEN.finditer(text):
        word = (match["word"] or "").lower()
        called = match["call"] is not None
        if match["text"] is not None:
            if (match["inside"] or "").strip().lower() in _CLOCK_LITERALS and _is_a_moment(text, match.end()):
                yield _other_rows(kata, text, match.start(), match["text"], _FIXED_MOMENT)
        elif word in _CLOCK and (called or word in _WITHOUT_PARENTHESES):
            yield _other_rows(kata, text, match.start(), word, _FIXED_MOMENT)
        elif called and word in _UNIQUE:
            yield _other_rows(
                kata, text, match.start(), word, "derive it from the row's number: md5(n::text)::uuid"
            )
        elif called and word in _RANDOM and not seeded:
            hint = "derive the value from the row's number, as in (n * 7919) % 100, or `select setseed(0.5);` first"
            yield _other_rows(kata, text, match.start(), word, hint)


_FIXED_MOMENT = "write a fixed moment, such as timestamptz '2025-01-31 12:00Z', and count from it"


def _is_a_moment(text: str, end: int) -> bool:
    return re.match(r"\s*::\s*(date|time)", text[end:], re.IGNORECASE) is not None


def _other_rows(kata: Kata, text: str, position: int, what: str, hint: str) -> Problem:
    line = text.count("\n", 0, position) + 1
    return Problem(f"{kata.slug}/seed.sql:{line}", f"`{what}` gives other rows on each load", hint)


def audit_loads(kata: Kata, binaries: Binaries, cache: Path, runs: Path) -> tuple[Problem, ...]:
    """What differs between two loads of the graded dataset. SQL that cannot be loaded is a problem as well."""
    dataset = kata.environment.datasets[0]
    try:
        differing = differing_rows(kata, dataset, binaries, cache=cache, runs=runs)
    except PackError as error:
        where = ":".join(str(part) for part in (f"{kata.slug}/{error.path.name}", error.line) if part)
        return (Problem(where, error.problem, error.hint, blocking=True),)
    hint = (
        "let seed.sql decide every value; what schema.sql fills in by default differs as well if it is now()"
    )
    return tuple(
        Problem(f"{kata.slug}/seed.sql", f"two loads differ: {table} {_in(columns)}", hint)
        for table, columns in differing.items()
    )


def _in(columns: tuple[str, ...]) -> str:
    named = [name for name in columns if not name.startswith("(")]
    if named:
        return f"in {', '.join(named)}"
    return "in how its columns are combined" if columns else "in the number of its rows"
