"""Prefixes that logs are written with, and a log as PostgreSQL would write it with each."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Where each is from: PostgreSQL and distributions, cloud vendors, pganalyze's and pgBadger's documentation, tutorials.
PREFIXES = (
    "%m [%p] ",
    "%m [%p] %q%u@%d ",
    "%t [%p-%l] %q%u@%d ",
    "< %m >",
    "%t ",
    "%t:%r:%u@%d:[%p]:",
    "%t:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
    "%t-%c-",
    "%m [%p] %q[user=%u,db=%d,app=%a] ",
    "%h %m [%p] %q%u@%d ",
    "%m [%p]: [%l-1] db=%d,user=%u ",
    "pid=%p,user=%u,db=%d,app=%a,client=%h ",
    "%m [%p][%b][%v][%x] %q[user=%u,db=%d,app=%a] ",
    (
        ' sql_error_code = %e time_ms = "%m" pid="%p" proc_start_time="%s" session_id="%c" vtid="%v" tid="%x" '
        'log_line="%l" %qdatabase="%d" connection_source="%r" user="%u" application_name="%a" '
    ),
    "%t [%p]: [%l-1] %c %x %d %u %a %h ",
    "%m [%p] %q[user=%u,db=%d,app=%a,host=%h] ",
    "%m [%p][%v] : [%l-1] %q[app=%a] ",
    "%t [%p]: [%l-1] user=%u,db=%d - PG-%e ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] [trx_id=%x] user=%u,db=%d ",
    "[%p]: [%l-1] db=%d,user=%u ",
    "%m %r %u %a [%c] [%p] ",
    "%p-%s-%c-%l-%h-%u-%d-%m ",
    "%t [%p] %q%u@%d %h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] user=%u,db=%d ",
    "%t [%p]: db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%m [%p] [queryid=%Q] %u@%d ",
    "%m [%p] %u@%d ",
    "%m [%p:%v] [%d] %r ",
    "%m [%p]: [%c-%l] %q%u@%d,app=%a [%e] ",
    "%t|%p|%u|%d|%a ",
    "%m %c %u %d ",
    "[%m] [%p] [%u@%d] ",
    "%n [%p] %q%u@%d ",
    "%m - %l - %p - %r - %u - %d - %a ",
    "%m|%u|%d|%c|",
    "%m;%p;%c;%l;%u;%d;%a;",
    "time=%m, pid=%p %q db=%d, usr=%u, client=%h , app=%a, line=%l ",
    "%c %m [%p] %q%u@%d/%a ",
    "%m pid:%p %q%u %d ",
    "%l %p %m %v ",
    "%m / %x / %l / %p / %u ",
    "user=%u,db=%d,app=%a,client=%h ",
    "",
)
_ESCAPE = re.compile(r"%(-?\d*)(.)")
_SESSION: Mapping[str, str] = {
    "a": "web", "u": "app", "d": "shop", "r": "10.0.0.7(51234)", "h": "10.0.0.7", "L": "10.0.0.1",
    "b": "client backend", "p": "4242", "P": "", "t": "2026-01-05 10:00:0{second} UTC",
    "m": "2026-01-05 10:00:0{second}.5{line}0 UTC",
    "n": "176760720{second}.5{line}0", "i": "SELECT", "e": "00000", "c": "695b8f20.1092", "l": "{line}",
    "s": "2026-01-05 09:59:58 UTC", "v": "3/17", "x": "0", "Q": "-4266247047529477710",
}  # fmt: skip
_FAILED = {**_SESSION, "e": "42P01"}
_SERVER = {
    **_SESSION,
    "a": "",
    "u": "",
    "d": "",
    "r": "",
    "h": "",
    "p": "1",
    "b": "postmaster",
    "v": "",
    "c": "695b8f20.1",
}


def log_with(prefix: str) -> str:
    """A log that begins with lines of the server, holds three statements of one session, and spans lines."""
    server = [
        "starting PostgreSQL 16.3",
        'listening on IPv4 address "0.0.0.0", port 5432',
        "database system is ready",
    ]
    lines = [_line(prefix, _SERVER, number, "LOG", text) for number, text in enumerate(server, 1)]
    lines += [
        _line(
            prefix,
            _SESSION,
            4,
            "LOG",
            "duration: 0.300 ms  statement: SELECT id\n\tFROM orders\n\tWHERE note = 'ERROR: x'",
        ),
        _line(prefix, _SESSION, 5, "LOG", "execute s1: SELECT name FROM customers WHERE id = $1"),
        _line(prefix, _SESSION, 5, "DETAIL", "parameters: $1 = '7'"),
        _line(prefix, _FAILED, 6, "ERROR", 'relation "nothing" does not exist at character 15'),
        _line(prefix, _FAILED, 6, "STATEMENT", "SELECT * FROM nothing"),
    ]
    return "\n".join(lines) + "\n"


def _line(prefix: str, fields: Mapping[str, str], number: int, severity: str, text: str) -> str:
    written, _, of_sessions = prefix.partition("%q")
    if fields is not _SERVER:
        written += of_sessions
    filled = _ESCAPE.sub(lambda one: fields[one[2]].format(second=number // 4, line=number), written)
    return f"{filled}{severity}:  {text}"
