"""A `log_line_prefix` as a pattern that reads the fields it writes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graders.errors import UsageError
from graders.logs.translation import PARTS, SEVERITIES

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
ENGLISH = (*reversed(SEVERITIES), "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5", *PARTS)
# Settings that many logs are written with: defaults of PostgreSQL, of distributions and of cloud vendors, and what
# pganalyze and pgBadger recommend.
COMMON = (
    "%m [%p] %q%u@%d ",
    "%m [%p] ",
    "%m [%p] %q[user=%u,db=%d,app=%a] ",
    "%m [%p] %q[user=%u,db=%d,app=%a,host=%h] ",
    "%t:%r:%u@%d:[%p]:",
    "%t:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
    "%t-%c-",
    "%h %m [%p] %q%u@%d ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%t [%p]: [%l-1] user=%u,db=%d,host=%h,app=%a ",
    "%t [%p]: [%l-1] user=%u,db=%d ",
    "%t [%p]: [%l-1] db=%d,user=%u ",
    "%t [%p]: [%l-1] user=%u,db=%d - PG-%e ",
    "%t [%p]: [%l-1] [trx_id=%x] user=%u,db=%d ",
    "%t [%p]: [%l-1] [%x] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] %c %x %d %u %a %h ",
    "%t [%p]: [%l-1] ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: db=%d,user=%u,app=%a,client=%h ",
    "%t [%p]: ",
    "%m [%p] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p] user=%u,db=%d ",
    "%m [%p] db=%d,user=%u,app=%a,client=%h ",
    "%m [%p][%v] : [%l-1] %q[app=%a] ",
    "%m [%p][%b][%v][%x] %q[user=%u,db=%d,app=%a] ",
    "%m [%p:%v] [%d] %r ",
    "%m [%p]: [%c-%l] %q%u@%d,app=%a [%e] ",
    "%m [%p] [queryid=%Q] %u@%d ",
    "%m [%p] %c %q%u@%d ",
    "%c %m [%p] %q%u@%d/%a ",
    "%m [%p] %q%u@%d/%a ",
    "%m [%p] %q%u@%d %a ",
    "%m [%p] %q%u@%d %h ",
    "%m [%p] %u@%d ",
    "%t [%p-%l] %q%u@%d ",
    "%t [%p] %q%u@%d ",
    "%t [%p] %q%u@%d %h ",
    "%t [%p] ",
    "%m %r %u %a [%c] [%p] ",
    "%m %u@%d [%p] ",
    "%m %d %u [%p] ",
    "%m:%r:%u@%d:[%p]:",
    "%p-%s-%c-%l-%h-%u-%d-%m ",
    "< %m >",
    "< %t >",
    "<%m>",
    "<%t:%u@%d:[%p]> ",
    "[%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "[%p]: [%l-1] db=%d,user=%u ",
    "[%p]: [%l-1] user=%u,db=%d ",
    "pid=%p,user=%u,db=%d,app=%a,client=%h ",
    "user=%u,db=%d,app=%a,client=%h ",
    "db=%d,user=%u,app=%a,client=%h ",
    "user=%u,db=%d ",
    " sql_error_code = %e ",
    (
        ' sql_error_code = %e time_ms = "%m" pid="%p" proc_start_time="%s" session_id="%c" vtid="%v" tid="%x" '
        'log_line="%l" %qdatabase="%d" connection_source="%r" user="%u" application_name="%a" '
    ),
    " database = %d connection_source = %r sql_error_code = %e ",
    "[%p] ",
    "%m ",
    "%t ",
    "%n [%p] ",
    "",
)


def compile_prefix(prefix: str, words: Sequence[str] = ENGLISH) -> re.Pattern[str]:
    """The pattern of a line that begins with `prefix`; groups are jsonlog's keys, `severity` and `text`.

    `words`: how severities and parts of an entry are called. Raises UsageError for an escape that PostgreSQL does not
    have.
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
    # Shippers drop spaces at the beginning of a line.
    pattern = re.sub(r"^(?:\\ )+", r"\\s*", pattern)
    return re.compile(rf"{pattern}{severity_pattern(words)}", re.DOTALL)


def severity_pattern(words: Sequence[str]) -> str:
    """The rest of a line after its prefix: severity and text."""
    return rf"\s*(?P<severity>{'|'.join(map(re.escape, words))})\s?:\s\s?(?P<text>.*)"


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
