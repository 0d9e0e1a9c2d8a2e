"""Checks as lines: one each, and one entry for what has one cause."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graders.results.verdicts import CheckResult
from toolkit.text import escape, pad, width, wrap
from toolkit.views.paint import Paint
from toolkit.views.prose import INDENT

STYLES = {"passed": "green", "failed": "red", "skipped": "dim", "broken": "yellow"}
_ID = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}|(?=[^/]*\d)[\w-]{16,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide the list of a kata's checks is; `one_line`: every title fits on the line of its check."""

    id: int
    one_line: bool


def columns_of(titles: Mapping[str, str], paint: Paint) -> Columns:
    """`titles`: check id -> title."""
    ids = max(map(width, titles), default=0)
    longest = max((width(escape(title)) for title in titles.values()), default=0)
    return Columns(ids, ids + longest + 14 <= paint.width)


def check_lines(check: CheckResult, columns: Columns, paint: Paint) -> list[str]:
    """A check in one line: its sign, name, points and title.

    Where titles do not fit after the names, a title is printed below; that of a passed check is left out.
    """
    sign = paint(paint.sign(check.verdict), STYLES[check.verdict], "bold")
    left = f"  {sign} {pad(check.id, columns.id)}  {f'{check.points}/{check.max}':>6}"
    note = escape(_note(check))
    style = "dim" if check.verdict in ("passed", "skipped") else "bold"
    if columns.id + width(note) + 14 <= paint.width and (columns.one_line or check.verdict == "skipped"):
        return [f"{left}  {paint(note, style)}"]
    if check.verdict == "passed":
        return [left]
    return [left, *(INDENT + paint(line, "dim") for line in wrap(note, paint.width - 4))]


def _note(check: CheckResult) -> str:
    if check.verdict == "skipped":
        return f"skipped: {_why_skipped(check)}"
    if check.verdict == "broken":
        return "broken: the grader's fault, no points lost"
    return check.title


def _why_skipped(check: CheckResult) -> str:
    if check.blocked_by in (None, "service"):
        return "the service did not run"
    return f"needs {check.blocked_by}"


@dataclass(frozen=True, slots=True)
class Cause:
    """A request that was not served: several checks may end at the same one."""

    request: str
    status: int

    def __str__(self) -> str:
        return f"{self.request} answered {self.status}"


def cause_of(check: CheckResult) -> Cause | None:
    """The request at which a failed check ended because nothing serves it: 404, 405, 501 or another 5xx, and the
    check's message says that this was not expected. None for any other failure."""
    request = check.evidence.requests[-1] if check.evidence.requests else {}
    status = request.get("status") or 0
    if status not in (404, 405) and status < 500:
        return None
    if not re.search(rf"\banswered {status}\b", check.message):
        return None
    path = str(request.get("path", "")).partition("?")[0]
    parts = ("{id}" if _ID.fullmatch(part) else part for part in path.split("/"))
    return Cause(escape(f"{request.get('method', '')} {'/'.join(parts)}"), status)


def folded_lines(
    checks: Sequence[CheckResult], columns: Columns, paint: Paint, *, named: bool = True
) -> list[str]:
    """One entry for checks that failed, or were skipped, for the same reason; `named`: with their names."""
    if len(checks) == 1 and checks[0].verdict == "skipped":
        return check_lines(checks[0], columns, paint)
    verdict = checks[0].verdict
    points = f"0/{sum(check.max for check in checks)}"
    head = f"{_counted(len(checks), verdict, named)}: {_reason(checks[0])}"
    sign = paint(paint.sign(verdict), STYLES[verdict], "bold")
    names = wrap(", ".join(check.id for check in checks), paint.width - 4) if named else []
    first, *more = wrap(f"{head}  ({points})", paint.width - 4)
    lines = [f"  {sign} {paint(first, 'bold')}", *(INDENT + paint(line, "bold") for line in more)]
    return lines + [INDENT + paint(line, "dim") for line in names]


def _counted(number: int, verdict: str, named: bool) -> str:
    more = " more" if verdict == "failed" else ""
    return f"{'' if named else 'all '}{number}{more} {'check' if number == 1 else 'checks'} {verdict}"


def _reason(check: CheckResult) -> str:
    return str(cause_of(check)) if check.verdict == "failed" else _why_skipped(check)
