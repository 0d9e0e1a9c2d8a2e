"""Splits the conditions of a plan ("((a.x = $1) AND ...)") into parts that an index could serve and others."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\d+|[\w.]+|[()\[\]]|::|[^\s\w()\[\]'"$]+""")
_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
_COMPARISONS = {"=", "<", ">", "<=", ">="}
_WORDS = {
    "and", "or", "not", "is", "null", "true", "false", "any", "all", "array", "row", "case", "when",
    "then", "else", "end", "from", "for", "at", "time", "zone", "distinct", "collate", "in", "like",
    "similar", "to", "between", "current_date", "current_timestamp", "current_time", "current_user",
    "session_user", "localtimestamp", "subplan", "initplan", "hashed", "returns", "unknown", "value",
    "only", "document", "year", "month", "day", "hour", "minute", "second", "epoch", "dow", "doy",
    "quarter", "week",
}  # fmt: skip
_CALLS = frozenset({"extract", "coalesce", "greatest", "least", "nullif", "row", "array", "any", "all"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of a filter that must hold.

    `columns`: the scanned table's columns in it, as PostgreSQL writes them; `operator`: the comparison at the top
    ("=", "= ANY", "<>", "~~", "IS NULL", "" for none); `plain`: a column itself is compared by =, <, >, <=, >= or
    = ANY with something that is known before the scan; `expression`: the column is inside a function, cast or other
    special form; `text`: the part itself.
    """

    text: str
    columns: tuple[str, ...]
    operator: str = ""
    plain: bool = False
    expression: bool = False
    operand: str = ""

    @property
    def is_equality(self) -> bool:
        return self.operator in ("=", "= ANY")

    @property
    def excludes(self) -> bool:
        """True for inequalities, which nearly every row satisfies, so that no index helps."""
        return self.operator in ("<>", "<> ALL")


def conditions_of(
    text: str, alias: str = "", *, relabelled: Collection[str] | None = None
) -> tuple[Condition, ...]:
    """The parts of a filter, joined by AND. `alias`: how the plan calls the scanned table.

    `relabelled`: columns whose cast to text costs nothing (varchar), None where the types are not known: then every
    cast to text is taken for one. An OR over one column in plain comparisons counts as one plain condition.
    """
    return tuple(_condition(part, alias, relabelled) for part in _split(_bare(text), "AND"))


def _condition(text: str, alias: str, relabelled: Collection[str] | None) -> Condition:
    text = _bare(text)
    branches = list(_split(text, "OR"))
    if len(branches) > 1:
        parts = [_condition(branch, alias, relabelled) for branch in branches]
        columns = tuple(dict.fromkeys(column for part in parts for column in part.columns))
        plain = len(columns) == 1 and all(part.plain for part in parts)
        return Condition(
            text, columns, "= ANY" if plain else "OR", plain, any(part.expression for part in parts)
        )
    left, operator, right = _compared(text)
    columns = _columns(text, alias)
    sides = [side for side in (left, right) if side and _columns(side, alias)]
    if operator.startswith("NOT") or len(sides) != 1:
        return Condition(text, columns, operator)
    side = sides[0]
    column = _plain_column(side, alias, relabelled)
    swapped_any = operator == "= ANY" and side == right
    if column and operator in (*_COMPARISONS, "= ANY") and not swapped_any:
        return Condition(text, (column,), operator, plain=True, operand=side)
    return Condition(text, columns, operator, expression=not column and _is_form(side), operand=_bare(side))


def _tokens(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Tokens with their depth in parentheses, start and end."""
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in ")]":
            depth -= 1
        yield token, depth, match.start(), match.end()
        if token in "([":
            depth += 1


def _bare(text: str) -> str:
    """Without the parentheses that enclose all of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        tokens = list(_tokens(text))
        if any(depth == 0 for _, depth, _, _ in tokens[1:-1]) or tokens[-1][1] != 0:
            break
        text = text[1:-1].strip()
    return text


def _split(text: str, word: str) -> Iterator[str]:
    start, case = 0, 0
    for token, depth, begin, end in _tokens(text):
        if depth != 0:
            continue
        case += (token == "CASE") - (token == "END")
        if token == word and case == 0:
            yield text[start:begin]
            start = end
    yield text[start:]


def _compared(text: str) -> tuple[str, str, str]:
    """Left side, operator, right side of the comparison at the top; all in the left side where there is none."""
    if text.startswith("NOT "):
        return text[4:], "NOT", ""
    tokens = list(_tokens(text))
    found: tuple[str, str, str] | None = None
    case = 0
    for place, (token, depth, start, end) in enumerate(tokens):
        if depth != 0:
            continue
        case += (token == "CASE") - (token == "END")
        if case:
            continue
        if token == "IS":
            tail = text[end:].strip()
            if tail.startswith("DISTINCT FROM"):
                return text[:start], "IS DISTINCT FROM", tail[len("DISTINCT FROM") :]
            if tail.startswith("NOT DISTINCT FROM"):
                return text[:start], "IS NOT DISTINCT FROM", tail[len("NOT DISTINCT FROM") :]
            return text[:start], f"IS {tail}", ""
        if token != "::" and _OPERATOR.fullmatch(token):
            follower = tokens[place + 1][0] if place + 1 < len(tokens) else ""
            if follower in ("ANY", "ALL"):
                return text[:start], f"{token} {follower}", text[tokens[place + 1][3] :]
            if found is None:
                found = (text[:start], token, text[end:])
    return found or (text, "", "")


def _columns(text: str, alias: str) -> tuple[str, ...]:
    """The scanned table's columns in an expression, as written there, each once."""
    tokens = [token for token, _, _, _ in _tokens(text)]
    found = []
    joined = _joined_names(tokens)
    for place, token in enumerate(joined):
        before = joined[place - 1] if place else ""
        after = joined[place + 1] if place + 1 < len(joined) else ""
        if before == "::" or after == "(" or not _is_name(token):
            continue
        qualifier, _, name = token.rpartition(".")
        if qualifier and alias and qualifier.strip('"') != alias:
            continue
        found.append(name)
    return tuple(dict.fromkeys(found))


def _joined_names(tokens: list[str]) -> list[str]:
    """`"Mixed Case" . "Name"` back in one piece."""
    joined: list[str] = []
    for token in tokens:
        last = joined[-1] if joined else ""
        if (token.startswith('"') and last.endswith(".")) or (last.startswith('"') and token.startswith(".")):
            joined[-1] += token
        else:
            joined.append(token)
    return joined


def _is_name(token: str) -> bool:
    if token.startswith('"'):
        return True
    if not (token[0].isalpha() or token[0] == "_"):
        return False
    return token.lower() not in _WORDS


def _plain_column(text: str, alias: str, relabelled: Collection[str] | None) -> str:
    """The column that the text is, or is but for a cast that changes nothing; else ""."""
    text = _bare(text)
    column = _as_column(text, alias)
    if column:
        return column
    inner, separator, kind = text.rpartition("::")
    if separator and kind.strip() in ("text", "bpchar", "character varying"):
        column = _as_column(_bare(inner), alias)
        if column and (relabelled is None or column.strip('"') in relabelled):
            return column
    return ""


def _as_column(text: str, alias: str) -> str:
    joined = _joined_names([token for token, _, _, _ in _tokens(text)])
    columns = _columns(text, alias)
    return columns[0] if len(joined) == 1 and len(columns) == 1 else ""


def _is_form(text: str) -> bool:
    """A call, a cast of the column, a subscript, CASE or AT TIME ZONE; not an expression made of operators."""
    text = _bare(text)
    tokens = list(_tokens(text))
    top = [token for token, depth, _, _ in tokens if depth == 0]
    if "CASE" in top or "ZONE" in top or "[" in top:
        return True
    if any(token != "::" and _OPERATOR.fullmatch(token) for token in top):
        return False
    casts = [start for token, depth, start, _ in tokens if token == "::" and depth == 0]
    if casts and text.startswith("("):
        inside = _bare(text[: casts[0]])
        return _as_column(inside, "") != "" or _is_form(inside)
    return (
        len(top) >= 2 and top[1] == "(" and (_is_name(top[0]) or top[0].lower() in _CALLS) and top[0] != "ROW"
    )
