"""What syslog, Heroku, Docker, Kubernetes and other shippers write in front of each line of a plain log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from graders.logs.lines import Line
from graders.logs.row import Row

_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_ISO = rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)"
_BSD = rf"[A-Z][a-z]{{2}} [ \d]\d(?: \d{{4}})? {_CLOCK}"
_PID = r"(?P<tag>[^\s\[\]:]+)\[(?:[\w-]*?\.)?(?P<pid>\d+)\]:?"
# PostgreSQL numbers its messages and their pieces itself (syslog_sequence_numbers); Heroku writes a colour first.
_REST = r" ?(?:\[[A-Z_]+\] )?(?:\[\d+-(?P<part>\d+)\] ?)?(?P<text>.*)"
_SHIPPERS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        # syslog by RFC 3164, also as journalctl prints it; rsyslog with long timestamps
        rf"(?:<\d+>)?(?P<when>{_BSD}|{_ISO}) (?P<host>\S+) {_PID}{_REST}",
        # Heroku's logplex
        rf"(?P<when>{_ISO}) {_PID}{_REST}",
        # syslog by RFC 5424, with or without the length in front
        rf"(?:\d+ )?<\d+>1 (?P<when>{_ISO}) \S+ \S+ (?:[\w-]*?\.)?(?P<pid>\d+) \S+ (?:-|\[.*?\]){_REST}",
        # CRI, as Kubernetes keeps it on a node: P for a piece of a long line
        rf"(?P<when>{_ISO}) (?:stdout|stderr) (?P<piece>[PF])(?: (?P<text>.*))?",
        # docker compose logs; kubectl logs --prefix
        r"(?P<stream>[\w.-]+) +\| ?(?P<text>.*)",
        r"\[pod/(?P<stream>[\w.-]+/[\w.-]+)\] (?P<text>.*)",
        # docker logs --timestamps, kubectl logs --timestamps, CloudWatch
        rf"(?P<when>\d{{4}}-\d\d-\d\dT{_CLOCK}(?:Z|[+-]\d\d:?\d\d)) (?P<text>.*)",
    )
)
# Those with a process id, which nothing else is mistaken for.
_NUMBERED = _SHIPPERS[:3]
# rsyslog writes control characters as octal numbers.
_CONTROL = re.compile(r"#0(11|12|15)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOST_LAYERS = 3
_SHARE = 0.6
# PostgreSQL cuts a line for syslog after 900 bytes, at a space if it finds one (syslog_split_messages).
_CUT = 600


def unwrapped(lines: Iterable[Line], first: Sequence[str]) -> tuple[Iterable[Line], list[str]]:
    """The lines without what shippers wrote around them, and `first` (the first texts) likewise.

    Several shippers may follow each other, such as Docker's timestamps after Compose's names.
    """
    kept = list(first)
    for _ in range(_MOST_LAYERS):
        pattern = _shipper_of(kept)
        if pattern is None:
            break
        lines = _without(lines, pattern)
        kept = [match["text"] or "" for text in kept if (match := pattern.fullmatch(text))]
    return lines, kept


def _shipper_of(texts: Sequence[str]) -> re.Pattern[str] | None:
    written = [text for text in texts if text.strip()]
    for pattern in _SHIPPERS:
        fitting = sum(pattern.fullmatch(text) is not None for text in written)
        if written and fitting >= _SHARE * len(written):
            return pattern
    return None


def _without(lines: Iterable[Line], pattern: re.Pattern[str]) -> Iterator[Line]:
    clock, pieces, lengths = _Clock(), list[str](), dict[str, int]()
    for line in lines:
        # Files are put together from several sources, and tools change their format.
        match = next(
            (one for shipper in (pattern, *_NUMBERED) if (one := shipper.fullmatch(line.text))), None
        )
        if match is None:
            yield line
            continue
        found = match.groupdict()
        text = found["text"] or ""
        if found.get("piece") == "P":
            pieces.append(text)
            continue
        if pieces:
            text, pieces = "".join((*pieces, text)), []
        yield from _shipped(line, text, found, clock, lengths)
    if pieces:
        yield Line(line.number, "".join(pieces), line.known, line.stream)


def _shipped(
    line: Line,
    text: str,
    found: Mapping[str, str | None],
    clock: Callable[[str], str],
    lengths: dict[str, int],
) -> Iterator[Line]:
    stream, known = found.get("stream") or found.get("pid") or line.stream, _known(line.known, found, clock)
    if "pid" not in found:
        yield Line(line.number, text, known, stream, line.joined)
        return
    # Only the layer with a process id numbers pieces and hides control characters.
    head, *rest = _CONTROL.sub(lambda code: chr(int(code[1], 8)), text).split("\n")
    cut = (found.get("part") or "1") != "1" and lengths.get(stream, 0) >= _CUT and not head.startswith("\t")
    lengths[stream] = len(text)
    yield Line(line.number, head, known, stream, cut or line.joined)
    for more in rest:
        yield Line(line.number, more if more.startswith("\t") else f"\t{more}", known, stream)


def _known(known: Row | None, found: Mapping[str, str | None], clock: Callable[[str], str]) -> Row | None:
    added: Row = {}
    if found.get("pid"):
        added["pid"] = found["pid"]
    if found.get("when"):
        added["shipped"] = clock(str(found["when"]))
    return {**(known or {}), **added} if added else known


class _Clock:
    """Reads shippers' timestamps as PostgreSQL would print them, in UTC where they name no zone.

    The old syslog format has no year: the first line's is 2000, a leap year, and it grows where the months go back.
    """

    def __init__(self) -> None:
        self._year = 2000
        self._month = 0
        self._kept = ("", "")

    def __call__(self, when: str) -> str:
        if when != self._kept[0]:
            self._kept = (when, self._iso(when) if when[:1].isdigit() else self._bsd(when))
        return self._kept[1]

    def _iso(self, when: str) -> str:
        zone = re.search(r"(Z|[+-]\d\d:?\d\d)$", when)
        offset = zone[1] if zone else "Z"
        moment = when[: -len(offset)].replace("T", " ").replace(",", ".")
        return f"{moment[:26]} {'UTC' if offset == 'Z' else offset}"

    def _bsd(self, when: str) -> str:
        name, day, *rest = when.split()
        month = _MONTHS.index(name) + 1 if name in _MONTHS else 1
        if month < self._month:
            self._year += 1
        self._month = month
        year = rest[0] if len(rest) > 1 else str(self._year)
        return f"{year}-{month:02}-{int(day):02} {rest[-1].replace(',', '.')} UTC"
