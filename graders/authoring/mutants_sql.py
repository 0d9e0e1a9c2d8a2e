"""What is done to SQL: the operator, what is matched, what replaces it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME = r"[\w.\"]+(?:\([\w.\"]*\))?"
_VALUE = r"(?:%\(\w+\)s|[%:$]?[\w.\"]+(?:\(\))?|'[^']*')"

_OPERATORS = (
    ("drop-where-term", rf"\s+AND\s+(?!\d){_NAME}\s*(?:=|<=|>=|<>|!=|<|>)\s*{_VALUE}(?![\w(+-])", ""),
    ("drop-where-term", rf"\s+AND\s+{_NAME}\s+IS\s+(?:NOT\s+)?NULL\b", ""),
    ("drop-where-term", r"\bWHERE\s+(?=[\w.\"(]+)", "WHERE true OR "),
    ("boundary", r"(?<![<>=!@&|-])<(?![<>=@&|-])", "<="),
    ("boundary", r"(?<![<>=!@&|-])>(?![<>=@&|-])", ">="),
    ("boundary", r"<=(?!>)", "<"),
    ("boundary", r"(?<![=<])>=", ">"),
    ("drop-lock", r"\s+FOR (?:NO KEY )?UPDATE\b(?: OF \w+)?", ""),
    ("drop-order-term", r"(?<=ORDER BY )([\w.\"]+(?: DESC| ASC)?), ?[\w.\"]+(?: DESC| ASC)?", r"\1"),
    ("sort-backwards", r"(?<=\w) DESC\b", ""),
    ("drop-limit", r"\s+LIMIT\s+(?!1\b)[%:$]?[\w()]+", ""),
    ("drop-constraint", r"\bUNIQUE\b(?! INDEX)(?:\s*\([^)]*\))?", ""),
    ("drop-constraint", r"\bUNIQUE INDEX\b", "INDEX"),
    ("drop-constraint", r",\s*(?:CONSTRAINT \w+\s+)?(?:CHECK|EXCLUDE)[^,;]*(?=,|\n\))", ""),
    ("drop-constraint", r",\s*PRIMARY KEY\s*\([^)]*\)", ""),
    ("drop-constraint", r"ALTER TABLE[^;]*\bADD CONSTRAINT[^;]*;", ""),
    ("drop-conflict-clause", r"\s+ON CONFLICT\s*(?:\([^)]*\)\s*)?DO NOTHING", ""),
    ("forget-index", r"CREATE (?:UNIQUE )?INDEX[^;]*;", ""),
    ("inner-join", r"\bLEFT (?:OUTER )?JOIN\b(?! LATERAL)", "JOIN"),
    ("forget-status", r"<> ?'cancelled'", "<> 'nothing'"),
    ("forget-empty", r"\bcoalesce\(([\w.]+(?:\([^()]*\))?), ?0\)", r"\1"),
    ("forget-case", r"\blower\(([^()]*)\)", r"\1"),
)
_COMPILED = tuple((name, re.compile(pattern, re.I), instead) for name, pattern, instead in _OPERATORS)
_COMMENT = re.compile(r"--[^\n]*")
_STATEMENT = re.compile(
    r"\s*(?:select\s|insert\s+into\b|update\s+\w+\s+set\b|update\s+\w+\s+\w+\s+set\b|delete\s+from\b"
    r"|with\s+(?:recursive\s+)?\w+\s+as\b|create\s+(?:unique\s+)?(?:table|index)\b|alter\s+table\b|merge\s+into\b)",
    re.I,
)
# In capitals only: in lower case these are English words.
_PART = re.compile(r"\s*(?:WHERE|AND|ORDER BY|FOR UPDATE|FROM|LEFT JOIN|JOIN|ON CONFLICT|LIMIT|RETURNING)\b")


def sql_edits(sql: str) -> Iterator[tuple[str, str, int, str]]:
    """Each fault that fits: operator, what was changed, where it is, the whole text with it."""
    comments = [match.span() for match in _COMMENT.finditer(sql)]
    for operator, pattern, instead in _COMPILED:
        for match in pattern.finditer(sql):
            if any(start <= match.start() < end for start, end in comments):
                continue
            put = match.expand(instead)
            found = " ".join(match.group().split())[:60]
            text = sql[: match.start()] + put + sql[match.end() :]
            yield operator, f"“{found}” -> “{put.strip()[:30]}”", match.start(), text


def begins_as_sql(text: str) -> bool:
    """Whether a string of a program is a statement, or the rest of one."""
    return bool(_STATEMENT.match(text) or _PART.match(text))
