"""Messages of PostgreSQL's log: statements, durations, plans, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graders.logs.plan_text import read_plan_text, read_plan_xml
from graders.logs.translation import message_in_english

_EXECUTE = re.compile(r"execute (fetch from )?(.+?): ", re.DOTALL)
_DURATION = re.compile(
    r"duration: (?P<ms>[\d.]+) ms"
    # Shippers make one space of two.
    r"(?: {1,2}(?:"
    r"(?P<plan>plan:\n)|(?P<simple>statement: )|(?P<step>(?:parse|bind) )|(?P<execute>(?=execute ))))?"
)
_PARAMETER = re.compile(r"\$(\d+) = (?:NULL|('[^']*(?:''[^']*)*')(?:\.\.\.)?)(?:, |\Z)")

# How entries begin that say nothing of a statement: connections, checkpoints, vacuum, locks, the server itself.
_NOT_ABOUT_STATEMENTS = (
    "connection ", "disconnection: ", "replication connection", "checkpoint ", "restartpoint ", "automatic ",
    "temporary file", "process ", "database system ", "listening on ", "starting PostgreSQL", "received ",
    "parameter ", "could not ", "unexpected EOF", "logical ", "background worker", "autovacuum ", "provided user ",
    "redo ", "recovery ", "recovering ", "consistent ", "invalid ", "AUDIT: ", "ending log output",
    "redirecting log output", "incomplete startup packet", "shutting down",
    "aborting any ", "all server processes ", "server process ",
    "terminating ", "started streaming", "selected new timeline", "archive ", "restored log file", "cron ",
    "incorrect ", "SSL ", "SSPI ", "GSSAPI ", "no pg_hba", "User ", "Connection matched", "unbinding ", "parallel ",
    "using stale statistics", "sending cancel", "setting ", "number of requested", "skipping ", "duration: ",
    "statement_timeout", "pg_", "entering ", "bogus ", "last ", "file ", "TimescaleDB", "still waiting", "sigterm",
)  # fmt: skip

DurationKind = Literal["alone", "plan", "simple", "execute", "step"]
_KINDS: tuple[DurationKind, ...] = ("plan", "simple", "execute", "step")


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """auto_explain's document. `bound`: the parameters as they are printed; `plan`: None in formats without nodes."""

    query: str
    bound: str
    plan: Mapping[str, Any] | None


def is_about_no_statement(message: str) -> bool:
    """Whether an entry at level LOG is known to say nothing of a statement."""
    return message.startswith(_NOT_ABOUT_STATEMENTS)


def read_execute(message: str) -> tuple[str, str] | None:
    """(query, text) of `execute name: query`; the text is the query, or a FETCH for further rows of a portal."""
    match = _EXECUTE.match(message)
    if match is None:
        return None
    query = message[match.end() :]
    return query, f'FETCH FROM "{match[2].rpartition("/")[2]}"' if match[1] else query


def read_duration(message: str) -> tuple[float, DurationKind, str] | None:
    """(milliseconds, kind, rest) of `duration: ...`; None for another message."""
    match = _DURATION.match(message)
    if match is None:
        return None
    kind: DurationKind = next((name for name in _KINDS if match[name] is not None), "alone")
    return float(match["ms"]), kind, message[match.end() :]


def read_parameters(text: str | None) -> tuple[str | None, ...]:
    """The values in `Parameters: $1 = 'a''b', $2 = NULL`, by their number; what is missing is None."""
    if not text or "$" not in text:
        return ()
    values: list[str | None] = []
    for number, value in _PARAMETER.findall(text):
        if len(number) > 5:
            break
        # Numbers come in order, up to 65,535; one that the log left out is missing.
        values += [None] * (int(number) - len(values) - 1)
        values.append(value[1:-1].replace("''", "'") if value else None)
    return tuple(values)


def read_plan(text: str) -> PlanDocument | None:
    """The document of auto_explain in any of its formats; None where it cannot be read."""
    begin = text.lstrip()[:1]
    if begin == "{":
        document: object = _json(text)
    elif begin == "<":
        document = read_plan_xml(text)
    elif _YAML.match(text):
        document = _yaml(text)
    else:
        return _read_plan_text(text)
    query = document.get("Query Text") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(query, str):
        return None
    bound, plan = document.get("Query Parameters"), document.get("Plan")
    return PlanDocument(
        query, bound if isinstance(bound, str) else "", plan if isinstance(plan, dict) else None
    )


_decode = json.JSONDecoder(strict=False).raw_decode
_YAML = re.compile(r"\s*\"?Query Text\"?: \"")
_TEXT_NODE = re.compile(r"^(?=\S.*  \((?:cost=|actual |never ))", re.MULTILINE)


def _json(text: str) -> object:
    try:
        return _decode(text.lstrip())[0]
    except (ValueError, RecursionError):
        return None


def _yaml(text: str) -> object:
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _read_plan_text(text: str) -> PlanDocument | None:
    if not text.startswith("Query Text: "):
        return None
    node = _TEXT_NODE.search(text)
    query = text[12 : node.start() if node else None].rstrip("\n")
    query, _, bound = query.partition("\nQuery Parameters: ")
    plan = read_plan_text(text[node.start() :].split("\n")) if node else None
    return PlanDocument(query, bound, plan)


def sqlstate_of(known: object, message: str) -> str:
    """The SQLSTATE of an error; without %e in the prefix it is read from the message, as far as that is plain."""
    if known:
        return str(known)
    for text in (message, message_in_english(message)):
        for pattern, code in _ERRORS:
            if text and pattern.match(text):
                return code
    return "XX000"


_ERRORS = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        ("syntax error", "42601"),
        ("duplicate key value", "23505"),
        ("null value in column", "23502"),
        ("insert or update on table|update or delete on table", "23503"),
        ("deadlock detected", "40P01"),
        ("could not serialize access", "40001"),
        ("canceling statement due to lock timeout", "55P03"),
        ("canceling statement", "57014"),
        ("permission denied", "42501"),
        (r'relation ".*" does not exist', "42P01"),
        ("column .* does not exist", "42703"),
        ("(function|operator) .* does not exist", "42883"),
        ("current transaction is aborted", "25P02"),
    )
)
