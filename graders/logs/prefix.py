"""A `log_line_prefix` as a pattern that reads the fields it writes."""

from __future__ import annotations

import re

from graders.errors import UsageError

_FIELDS = {
    "a": r"(?P<application_name>.*?)",
    "u": r"(?P<user>[^\s@,|]*?|\[unknown\])",
    "d": r"(?P<dbname>[^\s@,|]*?|\[unknown\])",
    "r": r"(?P<remote>[^\s,|]*)",
    "h": r"(?P<remote_host>[^\s,|]*)",
    "L": r"(?P<local_host>[^\s,|]*)",
    "b": r"(?P<backend_type>[a-zA-Z][\w ./-]*?)",
    "p": r"(?P<pid>\d+)",
    "P": r"(?P<leader_pid>\d*)",
    "t": r"(?P<timestamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Za-z0-9+:-]+)",
    "m": r"(?P<timestamp_ms>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [A-Za-z0-9+:-]+)",
    "n": r"(?P<epoch>\d+\.\d+)",
    "i": r"(?P<ps>.*?)",
    "e": r"(?P<state_code>[0-9A-Z]{5})",
    "c": r"(?P<session_id>[0-9a-f]+\.[0-9a-f]+)",
    "l": r"(?P<line_num>\d+)",
    "s": r"(?P<session_start>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Za-z0-9+:-]+)",
    "v": r"(?P<vxid>[\d/]*)",
    "x": r"(?P<txid>\d+)",
    "Q": r"(?P<query_id>-?\d+)",
}
_ESCAPE = re.compile(r"%(-?\d*)(.)", re.DOTALL)
SEVERITIES = (
    "DEBUG|DEBUG1|DEBUG2|DEBUG3|DEBUG4|DEBUG5|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC"
    "|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT|BACKTRACE"
)
# Common settings: PostgreSQL's default, Debian's, RDS's, and what pgBadger recommends.
COMMON = (
    "%m [%p] %q%u@%d ",
    "%m [%p] ",
    "%t:%r:%u@%d:[%p]:",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: ",
)


def compile_prefix(prefix: str) -> re.Pattern[str]:
    """The pattern of a line that begins with `prefix`; groups are jsonlog's keys, `severity` and `text`.

    Raises UsageError for an escape that PostgreSQL does not have.
    """
    pattern, at, open_groups, seen = "", 0, 0, set[str]()
    for escape in _ESCAPE.finditer(prefix):
        pattern += re.escape(prefix[at : escape.start()])
        at = escape.end()
        width, letter = escape.groups()
        if letter == "%":
            pattern += "%"
        elif letter == "q":
            # Processes without a session write nothing after this.
            pattern += "(?:"
            open_groups += 1
        else:
            pattern += _field(letter, width, seen, prefix)
    pattern += re.escape(prefix[at:]) + ")?" * open_groups
    return re.compile(rf"{pattern}\s*(?P<severity>{SEVERITIES}):\s\s?(?P<text>.*)", re.DOTALL)


def _field(letter: str, width: str, seen: set[str], prefix: str) -> str:
    if letter not in _FIELDS:
        raise UsageError(
            f"--prefix {prefix!r}: %{letter} is not an escape of log_line_prefix",
            hint="Copy the prefix from `SHOW log_line_prefix`.",
        )
    field = _FIELDS[letter]
    if letter in seen:
        field = re.sub(r"\?P<\w+>", "?:", field)
    seen.add(letter)
    if not width:
        return field
    return rf"{field}\s*" if width.startswith("-") else rf"\s*{field}"
