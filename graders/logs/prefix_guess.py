"""Finds the prefix of each line of a plain log: the one given, a common one, or none that has a name.

A log may change its prefix, and begins with lines of processes that have no session. So a line that is not fitted by
the prefix found so far, but looks like the beginning of an entry, is tried with the others, and last of all read field
by field: a timestamp, a process id, a session id look the same in every prefix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graders.logs.prefix import COMMON, ENGLISH, compile_prefix, severity_pattern
from graders.logs.row import Row
from graders.logs.translation import severity_words

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:[+-]\d\d(?::?\d\d)?|[A-Z]{1,5}\b))?"
)
_HEAD = {
    "epoch": re.compile(r"(?<![\d.])(\d{10}\.\d{3})(?!\d)"),
    "session_id": re.compile(r"(?<![\da-f.])([0-9a-f]{8}\.[0-9a-f]{1,8})(?![\da-f])"),
    "vxid": re.compile(r"(?<![\d/.])(\d+/\d+)(?![\d/.])"),
    "user": re.compile(r"(?i)\b(?:user(?:name)?|usr)[=:] ?\"?([^\s,;\"\]]+)"),
    "dbname": re.compile(r"(?i)\b(?:db|database|dbname)[=:] ?\"?([^\s,;\"\]]+)"),
    "application_name": re.compile(r"(?i)\b(?:app|appli|application|application_name)[=:] ?\"?([^,;\"\]]+)"),
}
_AT = re.compile(r"([^\s@,\[\](){}|:/=]+)@([^\s@,\[\](){}|:/=]+)")
_PIDS = (re.compile(r"(?i)\bpid[=: ]*\"?(\d+)"), re.compile(r"\[(\d+)[\]:-]"))
_NUMBER = re.compile(r"(?<![\w.:/+-])(\d+)(?![\w.:/])")
_LONGEST_HEAD = 400


@dataclass(frozen=True, slots=True)
class Fit:
    """The beginning of an entry: its fields, severity (as written) and text. `guessed`: read field by field."""

    fields: Mapping[str, str | None]
    severity: str
    text: str
    guessed: bool = False


class PrefixFinder:
    """`prefixes`: those found so far, the last one first; "" among them is a log without any prefix."""

    def __init__(self, given: str | None, sample: Sequence[str]) -> None:
        self._words: tuple[str, ...] = ENGLISH
        self._foreign = severity_words()
        self._entry = re.compile(
            rf"(?P<head>[^\n]{{0,{_LONGEST_HEAD}}}?)(?<!\w){severity_pattern((*ENGLISH, *self._foreign))}",
            re.DOTALL,
        )
        self._learn(sample)
        heads = [match["head"] for text in sample if text[:1] != "\t" and (match := self._entry.match(text))]
        self._pid_place = _place_of_pid(heads)
        self.prefixes: list[str] = []
        self._patterns: list[re.Pattern[str]] = []
        found = given if given is not None else self._best(sample)
        if found is not None:
            self._add(found)

    def fit(self, text: str) -> Fit | None:
        """The fields of a line that begins an entry; None for any other line."""
        for pattern in self._patterns:
            match = pattern.match(text)
            if match is not None:
                return _fit(match)
        # PostgreSQL begins the further lines of an entry with a tab.
        return None if text[:1] in ("\t", "") or ": " not in text else self._other(text)

    @property
    def names_sessions(self) -> bool:
        return any(letter in prefix for prefix in self.prefixes for letter in ("%p", "%c"))

    @property
    def has_time(self) -> bool:
        return any(letter in prefix for prefix in self.prefixes for letter in ("%m", "%t", "%n"))

    def _other(self, text: str) -> Fit | None:
        entry = self._entry.match(text)
        if entry is None:
            return None
        self._learn([text])
        for prefix in COMMON:
            if prefix not in self.prefixes and (prefix or not self.prefixes):
                match = compile_prefix(prefix, self._words).match(text)
                if match is not None:
                    self._add(prefix)
                    return _fit(match)
        fields = fields_of_head(entry["head"], self._pid_place)
        if not any(name in fields for name in ("timestamp", "epoch", "session_id", "pid")):
            return None
        return Fit(fields, entry["severity"], entry["text"], guessed=True)

    def _add(self, prefix: str) -> None:
        self.prefixes.insert(0, prefix)
        self._patterns = [compile_prefix(one, self._words) for one in self.prefixes]

    def _learn(self, texts: Sequence[str]) -> None:
        """Severities in another language, where lines have them: they make every pattern slower."""
        new = {
            match["severity"]
            for text in texts
            if not text.startswith("\t") and (match := self._entry.match(text)) is not None
        }.difference(self._words)
        if new:
            # The words of one language come together; a few of others do no harm.
            self._words = (*ENGLISH, *self._foreign)
            self._patterns = [compile_prefix(one, self._words) for one in getattr(self, "prefixes", ())]

    def _best(self, sample: Sequence[str]) -> str | None:
        """The prefix that fits most of the lines, and of those the one that reads most fields."""
        texts = [text for text in sample if self._entry.match(text) is not None and not text.startswith("\t")]
        best, most = None, (0, 0)
        for prefix in COMMON:
            pattern = compile_prefix(prefix, self._words)
            matches = [match for text in texts if (match := pattern.match(text)) is not None]
            score = (len(matches), sum(sum(map(bool, match.groups())) for match in matches))
            if score > most:
                best, most = prefix, score
        return best


def _place_of_pid(heads: Sequence[str]) -> int:
    """Which bare number of a head is the process id: not the one that counts lines, nor one that is always 0."""
    numbers = [[int(one) for one in _NUMBER.findall(_TIME.sub(" ", head))] for head in heads]
    for place in range(max(map(len, numbers), default=0)):
        values = [found[place] for found in numbers if place < len(found)]
        counted = sum(later == earlier + 1 for earlier, later in pairwise(values))
        if any(values) and counted * 3 <= len(values):
            return place
    return 0


def fields_of_head(head: str, pid_place: int = 0) -> Row:
    """What the beginning of a line says whose prefix is unknown: fields that look the same in every prefix.

    `pid_place`: which of its bare numbers is the process id, where nothing names it.
    """
    row: Row = {}
    rest = head
    if time := _TIME.search(head):
        row["timestamp"] = f"{time[0][:10]} {time[0][11:]}".replace(",", ".")
        rest = head.replace(time[0], " ")
    for name, pattern in _HEAD.items():
        if found := pattern.search(rest):
            row[name] = found[1]
            if name in ("epoch", "session_id", "vxid"):
                rest = rest.replace(found[1], " ")
    if found := _AT.search(rest):
        row.setdefault("user", found[1])
        row.setdefault("dbname", found[2])
    pid = next((found for pattern in _PIDS if (found := pattern.search(rest))), None)
    numbers = _NUMBER.findall(rest)
    if pid:
        row["pid"] = pid[1]
    elif numbers:
        row["pid"] = numbers[min(pid_place, len(numbers) - 1)]
    return row


def _fit(match: re.Match[str]) -> Fit:
    fields = match.groupdict()
    return Fit(fields, fields.pop("severity"), fields.pop("text"))
