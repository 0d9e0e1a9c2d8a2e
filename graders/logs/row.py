"""One entry of a log, the same for every format, and readers of its fields."""

from __future__ import annotations

from typing import Any

from graders.logs.translation import is_of_portal

# The keys are jsonlog's: timestamp, user, dbname, pid, session_id, vxid, txid, error_severity, state_code, message,
# detail, context, statement, application_name, query_id. What a format does not carry is absent.
Row = dict[str, Any]

# How the context of a plan names a statement that the client sent itself.
_OUTERMOST = ("unnamed portal ", 'portal "')


def text_in(row: Row, key: str) -> str:
    """A row's value as text; "" where it is absent or not text."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """A value of a row as a whole number; 0 where it is none."""
    try:
        return int(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def is_nested(row: Row) -> bool:
    """Whether the entry is about something that ran inside a function, a trigger or the like."""
    context = text_in(row, "context")
    return bool(context) and not context.startswith(_OUTERMOST) and not is_of_portal(context)


def is_forged(row: Row, message: str) -> bool:
    """Whether code of the service wrote this row (RAISE LOG) to look like one of PostgreSQL's own.

    PostgreSQL logs a statement before it runs anything, so only plans can come from inside a function.
    """
    if not is_nested(row):
        return False
    innermost = text_in(row, "context").partition("\n")[0]
    # The words around RAISE are translated.
    return innermost.endswith(" RAISE") or not message.startswith("duration: ")


def bound_parameters(row: Row) -> str:
    """The parameters of a detail like `Parameters: $1 = 'x'`, as printed; "" for a detail of another kind."""
    detail = text_in(row, "detail")
    place = detail.find("$")
    return detail[place:] if place >= 0 else ""
