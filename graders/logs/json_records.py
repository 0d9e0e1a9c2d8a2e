"""Entries of PostgreSQL's log in the JSON of shippers: CloudNativePG, Cloud SQL, Azure, Docker, CloudWatch, Supabase, …

No shipper is known by name. In each JSON value the objects are looked through for what an entry consists of: its
fields, under jsonlog's names or csvlog's (`log_time`, `user_name`, …), and its text, which may still have its prefix.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, pairwise
from typing import Any

from graders.logs.csvlog import COLUMNS, looks_like_csvlog
from graders.logs.lines import Line
from graders.logs.row import Row
from graders.logs.source import LogInput, Notebook

# Where shippers put the text of an entry, the most telling first.
_TEXTS = (
    "textpayload", "event_message", "log", "message", "msg", "@message", "line", "text", "body", "_raw", "raw",
)  # fmt: skip
_NAMES = {
    "log_time": "timestamp", "timestamp": "timestamp", "user_name": "user", "user": "user", "username": "user",
    "database_name": "dbname", "dbname": "dbname", "database": "dbname", "process_id": "pid", "processid": "pid",
    "pid": "pid", "session_id": "session_id", "command_tag": "ps", "ps": "ps", "virtual_transaction_id": "vxid",
    "vxid": "vxid", "transaction_id": "txid", "txid": "txid", "error_severity": "error_severity",
    "errorlevel": "error_severity", "error_level": "error_severity", "sql_state_code": "state_code",
    "state_code": "state_code", "sqlerrcode": "state_code", "detail": "detail", "context": "context",
    "query": "statement", "statement": "statement", "application_name": "application_name", "query_id": "query_id",
    "backend_type": "backend_type",
}  # fmt: skip
_SHIPPED = ("time", "ts", "@timestamp", "timestamp", "receivetimestamp")
_AT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?")
_SAMPLE = 100
_DECODER = json.JSONDecoder(strict=False)
_CHUNK = 1 << 18
_MOST_WAITING = 64 << 20
_MOST_DEPTH = 8


def looks_like_json(lines: Iterable[bytes]) -> bool:
    """Whether a file begins with a JSON object, or with a list of them."""
    text = b"\n".join(lines).lstrip()[:200].replace(b"\n", b"").replace(b" ", b"")
    return text.startswith((b'{"', b'[{"', b"[{}"))


def read_json_records(source: LogInput, notebook: Notebook) -> Iterator[Line]:
    """A line for each entry, or for each line of one, in the order of the file; `known` holds the fields it came with.

    Where the fields alone make an entry, its message is the line's text and `known` has `error_severity`.
    """
    for number, value in _oldest_first(_values(source, notebook), source.name, notebook):
        found = 0
        for line in _lines_of(value, number, {}, 0):
            found += 1
            yield line
        if not found:
            notebook.add(source.name, number, "JSON without the text of an entry; left out")


def _oldest_first(
    values: Iterator[tuple[int, Any]], name: str, notebook: Notebook
) -> Iterator[tuple[int, Any]]:
    """Exports may give the newest entry first: these are read backwards, which takes their size in memory."""
    sample = list(islice(values, _SAMPLE))
    times = [time for _, value in sample if (time := _time_of(value))]
    falling = sum(later < earlier for earlier, later in pairwise(times))
    if falling > sum(later > earlier for earlier, later in pairwise(times)):
        notebook.add(name, 1, "the newest entry comes first; read backwards")
        return iter([*sample, *values][::-1])
    return chain(sample, values)


def _time_of(value: Any) -> str:
    """A timestamp of the entry, as text that sorts; "" where there is none."""
    for line in _lines_of(value, 0, {}, 0):
        known = line.known or {}
        time = known.get("timestamp") or known.get("shipped") or known.get("epoch") or _AT.search(line.text)
        return time[0] if isinstance(time, re.Match) else str(time or "")
    return ""


def _values(source: LogInput, notebook: Notebook) -> Iterator[tuple[int, Any]]:
    """(line, value) for each JSON object, whether one a line or printed over many, in a list or not."""
    waiting, first, size = list[str](), 0, 0
    for number, raw in source.lines():
        text = raw.decode("utf-8", "replace")
        if not waiting and text.strip() in ("", "[", "]", ","):
            continue
        first = first if waiting else number
        waiting.append(text)
        size += len(text)
        # An object that is printed over many lines ends with a brace at the end of one.
        if not text.rstrip(" \t,]").endswith("}"):
            if size <= _MOST_WAITING:
                continue
            notebook.add(source.name, first, "JSON without an end; left out")
        else:
            value = _decoded("\n".join(waiting))
            if value is _NOTHING and size <= _MOST_WAITING and _is_open(waiting):
                continue
            if value is _NOTHING:
                notebook.add(source.name, first, "not JSON; left out")
            else:
                yield first, value
        waiting, size = [], 0
    if waiting:
        notebook.add(source.name, first, "truncated JSON at the end; left out")


_NOTHING = object()


def _decoded(text: str) -> Any:
    begin = text.lstrip(" \t\n,")
    for candidate in (begin, begin.removeprefix("["), begin.rstrip(" \t\n,]")):
        try:
            value, end = _DECODER.raw_decode(candidate.lstrip())
        except (ValueError, RecursionError):
            continue
        if not candidate.lstrip()[end:].strip(" \t\n,]"):
            return value
    return _NOTHING


def _is_open(waiting: list[str]) -> bool:
    """Whether more lines may complete it: one line of compact JSON is complete or damaged."""
    return len(waiting) > 1 or not waiting[0].lstrip(" \t,[").startswith('{"')


def _lines_of(value: Any, number: int, outer: Row, depth: int) -> Iterator[Line]:
    """The entries in a JSON value; `outer`: what the objects around it said."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _lines_of(item, number, outer, depth + 1)
    elif isinstance(value, Mapping):
        yield from _lines_of_object(value, number, outer, depth)
    elif isinstance(value, str):
        yield from _lines_of_text(value, number, outer, depth)


def _lines_of_object(value: Mapping[str, Any], number: int, outer: Row, depth: int) -> Iterator[Line]:
    keyed = {name.lower(): item for name, item in value.items()}
    known = _known(keyed, outer)
    if isinstance(keyed.get("message"), str) and "error_severity" in keyed:
        yield Line(number, keyed["message"], known | {"message": keyed["message"]}, _stream(known))
        return
    inner = {**known, **_fields_below(value, 0)}
    for name in _TEXTS:
        if isinstance(keyed.get(name), str) and not _is_only_a_label(keyed, name):
            yield from _lines_of_text(keyed[name], number, inner, depth + 1)
            return
    for item in keyed.values():
        if isinstance(item, dict | list):
            yield from _lines_of(item, number, known, depth + 1)


def _is_only_a_label(keyed: Mapping[str, Any], name: str) -> bool:
    """Whether it is like `"msg": "record"` next to an object that holds the entry."""
    text = keyed[name]
    return " " not in text.strip() and any(isinstance(item, dict) for item in keyed.values())


def _lines_of_text(text: str, number: int, known: Row, depth: int) -> Iterator[Line]:
    """The text of an entry: its lines, or a row of jsonlog or csvlog."""
    if text.lstrip().startswith(("{", "[{")):
        inner = _decoded(text)
        if inner is not _NOTHING:
            yield from _lines_of(inner, number, known, depth + 1)
            return
    if looks_like_csvlog([text.encode("utf-8", "surrogatepass")]):
        fields = next(csv.reader([text.rstrip("\r\n")]), [])
        row = {name: field for name, field in zip(COLUMNS, fields, strict=False) if field != ""}
        yield Line(number, str(row.get("message", "")), row, _stream(row))
        return
    for place, one in enumerate(text.rstrip("\r\n").split("\n")):
        # Lines after the first belong to it, whether the shipper kept PostgreSQL's tab or not.
        yield Line(number, f"\t{one.removeprefix(chr(9))}" if place else one, known, _stream(known))


def _known(keyed: Mapping[str, Any], outer: Row) -> Row:
    row: Row = dict(outer)
    for name, item in keyed.items():
        if name in _NAMES and isinstance(item, str | int | float) and item not in ("", "[unknown]"):
            row[_NAMES[name]] = str(item) if _NAMES[name] == "pid" else item
    for name in _SHIPPED:
        if isinstance(keyed.get(name), str):
            row["shipped"] = re.sub(r"(?<=\d)[TZ]", lambda one: " " if one[0] == "T" else " UTC", keyed[name])
            break
        if isinstance(keyed.get(name), int | float) and keyed[name] > 1e8:
            row["epoch"] = keyed[name] / _unit(float(keyed[name]))
            break
    # PostgreSQL's own has a space where a shipper's has a T.
    if str(row.get("timestamp", ""))[10:11] != " ":
        row.pop("timestamp", None)
    return row


def _unit(moment: float) -> float:
    """Epochs come in seconds, milli-, micro- and nanoseconds."""
    return next(unit for unit in (1e9, 1e6, 1e3, 1.0) if moment / unit > 1e8 or unit == 1.0)


def _fields_below(value: Mapping[str, Any], depth: int) -> Row:
    """Fields of an entry in objects next to its text, such as Supabase's `metadata`."""
    row: Row = {}
    for item in value.values():
        for below in item if isinstance(item, list) else (item,):
            if isinstance(below, Mapping) and depth < _MOST_DEPTH:
                row |= _fields_below(below, depth + 1)
                row |= {
                    name: found
                    for name, found in _known({key.lower(): one for key, one in below.items()}, {}).items()
                    if name not in ("shipped", "epoch")
                }
    return row


def _stream(known: Row) -> str:
    return str(known.get("pid", ""))
