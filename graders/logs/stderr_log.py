"""Rows of the plain log (`log_destination = stderr` or `syslog`), with any prefix and through any shipper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graders.logs.lines import Line
from graders.logs.prefix_guess import Fit, PrefixFinder
from graders.logs.row import Row
from graders.logs.source import Notebook
from graders.logs.translation import severity_in_english

_PARTS = {
    "DETAIL": "detail",
    "HINT": "hint",
    "QUERY": "internal_query",
    "CONTEXT": "context",
    "STATEMENT": "statement",
    "LOCATION": "location",
    "BACKTRACE": "backtrace",
}
# log_error_verbosity = verbose: codes have digits, so that a message which begins with a word is left alone.
_CODE = re.compile(r"(?=\w*\d\w*\d)[0-9A-Z]{5}: ")
# Lines of other processes after which an entry of a shipper's stream is taken for complete.
_PATIENCE = 200


@dataclass(slots=True)
class _Open:
    """An entry whose further lines may follow. `seen`: how many lines had been read at its newest one."""

    number: int
    row: Row
    key: str = "message"
    texts: list[str] = field(default_factory=list)
    seen: int = 0

    def closed(self) -> tuple[int, Row]:
        self.row[self.key] = "\n".join(self.texts)
        return self.number, self.row

    def begin_part(self, key: str, text: str) -> None:
        self.row[self.key] = "\n".join(self.texts)
        self.key, self.texts = key, [text]


def read_stderr_log(
    name: str, lines: Iterable[Line], notebook: Notebook, finder: PrefixFinder
) -> Iterator[tuple[int, Row]]:
    """(first line, row) for each entry: its message with continuation lines, and the DETAIL … STATEMENT after it.

    `name`: the file's. Lines that belong to no entry are noted, as is what the prefix does not say.
    """
    opened: dict[str, _Open] = {}
    guessed, sessions = 0, False
    for count, line in enumerate(lines):
        entry = opened.get(line.stream)
        if line.known is not None and "message" in line.known:
            # The shipper took the entry apart already.
            yield from _closed(opened)
            yield line.number, _completed(dict(line.known))
            continue
        fit = None if line.joined and entry is not None else finder.fit(line.text)
        if (
            fit is None
            and line.known is not None
            and "error_severity" in line.known
            and line.text[:1] != "\t"
        ):
            fit = Fit({}, str(line.known["error_severity"]), line.text)
        if fit is None:
            if entry is not None:
                _continue(entry, line, count)
            elif line.text.strip():
                notebook.add(name, line.number, "not the beginning of an entry; left out")
            continue
        guessed += fit.guessed
        row = _row(fit, line.known)
        sessions = sessions or bool(row["session_id"])
        severity = str(row["error_severity"])
        same = entry is not None and (fit.guessed or entry.row.get("pid") == row.get("pid"))
        if severity in _PARTS and entry is not None and same:
            entry.begin_part(_PARTS[severity], fit.text)
            entry.seen = count
            if "line_num" in row:
                entry.row["last_line_num"] = row["line_num"]
            continue
        if entry is not None:
            yield entry.closed()
            del opened[line.stream]
        yield from _forgotten(opened, count)
        opened[line.stream] = _Open(line.number, row, texts=[row.pop("message")], seen=count)
    yield from _closed(opened)
    _say_what_is_missing(name, notebook, finder, guessed=guessed, sessions=sessions)


def _continue(entry: _Open, line: Line, count: int) -> None:
    entry.seen = count
    if line.joined:
        entry.texts[-1] += line.text
    else:
        # PostgreSQL indents continuation lines with a tab; syslog and pipes may not.
        entry.texts.append(line.text.removeprefix("\t"))


def _closed(opened: dict[str, _Open]) -> Iterator[tuple[int, Row]]:
    for entry in opened.values():
        yield entry.closed()
    opened.clear()


def _forgotten(opened: dict[str, _Open], count: int) -> Iterator[tuple[int, Row]]:
    """The entries of other streams that have had no line for long, so that the log stays nearly in order."""
    if len(opened) < 2 and not any(count - entry.seen > _PATIENCE for entry in opened.values()):
        return
    for stream in [stream for stream, entry in opened.items() if count - entry.seen > _PATIENCE]:
        yield opened.pop(stream).closed()


def _row(fit: Fit, known: Row | None) -> Row:
    row: Row = {key: value for key, value in fit.fields.items() if value and value != "[unknown]"}
    row["error_severity"] = severity_in_english(fit.severity) or fit.severity
    if "timestamp_ms" in row:
        row["timestamp"] = row.pop("timestamp_ms")
    row["message"] = fit.text
    if _CODE.match(fit.text) and row["error_severity"] not in _PARTS:
        row["state_code"], row["message"] = fit.text[:5], fit.text[7:]
    return _completed({**known, **row} if known else row)


def _completed(row: Row) -> Row:
    """The session's id, and the shipper's time where PostgreSQL's is not there.

    Without %c the process id identifies the session; an id is reused only much later.
    """
    if "session_id" not in row:
        row["session_id"] = ".".join(str(row[key]) for key in ("session_start", "pid") if key in row)
    shipped = row.pop("shipped", None)
    if "timestamp" in row:
        row.pop("epoch", None)
    elif shipped is not None:
        row["timestamp"] = shipped
    return row


def _say_what_is_missing(
    name: str, notebook: Notebook, finder: PrefixFinder, *, guessed: int, sessions: bool
) -> None:
    if guessed:
        notebook.add(
            name,
            1,
            f"the prefix is not a common one: {guessed} lines were read field by field (--prefix says it exactly)",
        )
    if finder.prefixes and not sessions:
        notebook.add(
            name,
            1,
            "the prefix has neither %c nor %p: statements of all sessions are taken for one session's, so loops may be "
            "those of several clients",
        )
