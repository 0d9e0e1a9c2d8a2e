"""What the service itself did, as lines: growth tables, statements with their parameters, requests, findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graders.verdicts import Cost, Evidence
from toolkit.text import escape, shorten, wrap
from toolkit.views.paint import Paint

_INDENT = "    "
UNITS = {
    "statements": "statements",
    "rows_sent": "rows sent",
    "bytes_sent": "bytes sent",
    "rows_read": "rows read",
    "buffers": "buffers",
}
_FEW_STATEMENTS, _FEW_REQUESTS = 3, 2
_SQL_LINES, _BODY_COLUMNS = 6, 300


def growth_lines(cost: Cost, paint: Paint) -> list[str]:
    """A cost at each size, with a bar, and its slope."""
    unit = UNITS.get(cost.unit, cost.unit)
    most = max((*cost.values, 1))
    room = max(8, min(40, paint.width - 40))
    lines = [
        _INDENT + paint(f"{unit.capitalize()} of {shorten(escape(cost.request), paint.width - 24)}", "bold")
    ]
    lines.append(_INDENT + paint(f"{'size':>8}  {unit:>12}", "dim"))
    for size, value in zip(cost.sizes, cost.values, strict=False):
        bar = paint.sign("bar") * max(1 if value else 0, round(value / most * room))
        lines.append(
            f"{_INDENT}{size:>8}  {number(value):>12}  {paint(bar, 'red' if _grows(cost) else 'green')}"
        )
    said = f"slope {cost.slope:.2f}: {_slope_in_words(cost, unit)}"
    return [*lines, _INDENT + paint(said, "red" if _grows(cost) else "dim")]


def number(value: float) -> str:
    """A count with its thousands apart; a fraction keeps two digits."""
    return f"{round(value):,}" if float(value).is_integer() else f"{value:,.2f}"


def evidence_lines(evidence: Evidence, paint: Paint, *, verbose: bool = False) -> list[str]:
    """The statements and requests behind a failure, the most telling ones first."""
    lines: list[str] = []
    statements = sorted(evidence.statements, key=lambda statement: -int(statement.get("times", 1)))
    for statement in statements if verbose else statements[:_FEW_STATEMENTS]:
        lines += ["", *statement_lines(statement, paint)]
    if not verbose and len(statements) > _FEW_STATEMENTS:
        lines += ["", _more(len(statements) - _FEW_STATEMENTS, "statements", paint)]
    requests = evidence.requests if verbose else evidence.requests[-_FEW_REQUESTS:]
    for request in requests:
        lines += ["", *request_lines(request, paint)]
    if not verbose and len(evidence.requests) > _FEW_REQUESTS:
        lines += ["", _more(len(evidence.requests) - _FEW_REQUESTS, "requests", paint)]
    return lines[1:]


def statement_lines(statement: Mapping[str, Any], paint: Paint) -> list[str]:
    """A statement with how often it ran and two of its parameter sets."""
    times = int(statement.get("times", 1))
    where = " inside a function or trigger" if statement.get("nested") else ""
    facts = [f"{number(float(statement[key]))} {label}" for key, label in _ROWS if statement.get(key)]
    said = f"PostgreSQL saw this {times} times{where}" if times > 1 else f"PostgreSQL saw this{where}"
    lines = [_INDENT + paint(said, "bold") + (paint(f"  ({', '.join(facts)})", "dim") if facts else "")]
    lines += _sql(str(statement.get("sql", "")), paint)
    sets = parameter_sets(statement.get("parameters"))
    for values in sets[:2]:
        text = ", ".join(f"${place} = {_value(value)}" for place, value in enumerate(values, start=1))
        lines.append(_INDENT + "  " + paint(shorten(f"with {text}", paint.width - 6), "yellow"))
    if sets and times > min(len(sets), 2):
        lines.append(_INDENT + "  " + paint(f"and {times - min(len(sets), 2)} more times", "dim"))
    return lines


_ROWS = (("rows_sent", "rows sent"), ("rows_read", "rows read"))


def parameter_sets(parameters: Any) -> list[list[Any]]:
    """Evidence may carry one list of bound values or several: always several, those without values left out."""
    if not isinstance(parameters, Sequence) or isinstance(parameters, str) or not parameters:
        return []
    if all(isinstance(entry, Sequence) and not isinstance(entry, str) for entry in parameters):
        return [list(entry) for entry in parameters if entry]
    return [list(parameters)]


def request_lines(request: Mapping[str, Any], paint: Paint) -> list[str]:
    """What was sent, as a curl line that sends it again, and what came back."""
    lines = [_INDENT + paint("What was sent", "bold")]
    curl = escape(str(request.get("curl", "")))
    lines += [_INDENT + "  " + paint(line, "cyan") for line in _whole(curl)]
    if request.get("note"):
        lines += [_INDENT + "  " + line for line in wrap(escape(str(request["note"])), paint.width - 6)]
    elif request.get("status") is not None:
        body = shorten(" ".join(escape(str(request.get("body") or "")).split()), _BODY_COLUMNS)
        answer = wrap(f"{paint.sign('arrow')} {request['status']} {body}", paint.width - 6)
        lines += [_INDENT + "  " + paint(line, "dim") for line in answer]
    return lines


def finding_lines(finding: Mapping[str, Any], paint: Paint) -> list[str]:
    """A finding in one or two lines, and the page that explains it."""
    rule, title = escape(str(finding.get("rule", ""))), escape(str(finding.get("title", "")))
    mark = paint(paint.sign("dot"), "yellow")
    lines = [
        f"    {mark} {title or rule} {paint('(' + str(finding.get('confidence', 'suspected')) + ')', 'dim')}"
    ]
    if message := finding.get("message"):
        lines += ["      " + paint(line, "dim") for line in wrap(escape(str(message)), paint.width - 6)]
    return [*lines, f"      {paint(f'kata explain {rule}', 'cyan')}"]


def _grows(cost: Cost) -> bool:
    return bool(cost.values) and abs(cost.slope) > 0 and cost.values[-1] > cost.values[0]


def _slope_in_words(cost: Cost, unit: str) -> str:
    if not _grows(cost):
        return "flat"
    per = f"{cost.slope:.2f}".rstrip("0").rstrip(".") if cost.slope >= 0.01 else f"{cost.slope:.4f}"
    return f"each one more costs {per} more {unit}; flat is 0"


def _sql(text: str, paint: Paint) -> list[str]:
    lines = wrap(escape(" ".join(text.split())), paint.width - 6)
    shown = lines[:_SQL_LINES]
    if len(lines) > _SQL_LINES:
        shown[-1] = shorten(shown[-1], paint.width - 8) + " ..."
    return [f"{_INDENT}  {line}" for line in shown]


def _value(value: Any) -> str:
    if value is None:
        return "NULL"
    return shorten(escape(f"'{value}'" if isinstance(value, str) and not value.isdigit() else str(value)), 60)


def _whole(command: str) -> list[str]:
    # A command is not wrapped: it is there to be copied, and the terminal folds it without breaking it.
    return command.splitlines() or [""]


def _more(count: int, what: str, paint: Paint) -> str:
    return _INDENT + paint(f"{count} more {what}: kata report --verbose", "dim")
