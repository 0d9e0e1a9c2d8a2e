"""Reads log files: detects the format of each and puts rotated files in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path

from graders.logs.assembly import Assembler
from graders.logs.counts import LogCounts
from graders.logs.csvlog import looks_like_csvlog, read_csvlog
from graders.logs.json_records import looks_like_json, read_json_records
from graders.logs.jsonlog import looks_like_jsonlog, read_jsonlog
from graders.logs.lines import Line, as_input, plain_lines
from graders.logs.plans import looks_like_plans, read_plans
from graders.logs.prefix import compile_prefix
from graders.logs.prefix_guess import PrefixFinder
from graders.logs.recording_lines import looks_like_recording, read_recording
from graders.logs.row import Row
from graders.logs.shippers import unwrapped
from graders.logs.source import STDIN, LogError, LogInput, Notebook, open_source
from graders.logs.stderr_log import read_stderr_log
from graders.logs.timestamps import Clock
from graders.sql.statement import Statement

_HINT = (
    "kata sql reads jsonlog, csvlog, the plain log (with --prefix set to what `SHOW log_line_prefix` prints), "
    "auto_explain's JSON, what shippers make of these (docs/sql.md), and kata's own recordings."
)
# Lines that the prefix is guessed from; a line that it does not fit is looked at again.
_SAMPLE = 200


@dataclass(slots=True)
class Log:
    """Files of one log, to be read once. `notebook` and the counts of `assembler` fill while `statements()` runs."""

    paths: Sequence[Path]
    prefix: str | None = None
    progress: Callable[[int], None] = lambda _read: None
    notebook: Notebook = field(default_factory=Notebook)
    assembler: Assembler = field(init=False)

    def __post_init__(self) -> None:
        self.assembler = Assembler(self.notebook)

    def statements(self) -> Iterator[Statement]:
        """Every statement, each when nothing more can follow about it. Raises LogError, UsageError."""
        if self.prefix is not None:
            compile_prefix(self.prefix)
        assembler, done = self.assembler, 0
        for path in _in_order(self.paths):
            with open_source(path, partial(self._advance, done)) as source:
                yield from self._read(source, assembler)
            done += path.stat().st_size if path != STDIN else 0
        yield from assembler.finish()
        self._require_statements(assembler)

    def _advance(self, before: int, read: int) -> None:
        self.progress(before + read)

    def _read(self, source: LogInput, assembler: Assembler) -> Iterator[Statement]:
        first = source.peek()
        if not any(line.strip() for line in first):
            return
        if looks_like_recording(first):
            for statement in read_recording(source, self.notebook):
                assembler.counts.statements += 1
                yield statement
            return
        before = assembler.counts.entries
        yield from assembler.assemble(source.name, self._entries(source))
        if assembler.counts.entries == before:
            line = next((note.line for note in self.notebook.notes if note.source == source.name), 1)
            raise LogError(
                "no entry of a PostgreSQL log was found", source=source.name, line=line, hint=_HINT
            )

    def _entries(self, source: LogInput) -> Iterator[tuple[int, Row]]:
        first = source.peek()
        if looks_like_jsonlog(first):
            return read_jsonlog(source, self.notebook)
        if looks_like_plans(first):
            return read_plans(source, self.notebook)
        if looks_like_csvlog(first) and self.prefix is None:
            return read_csvlog(source, self.notebook)
        if looks_like_json(first):
            return self._plain(source, read_json_records(source, self.notebook))
        texts = [line.decode("utf-8", "replace") for line in first]
        lines, kept = unwrapped(plain_lines(source), texts)
        inner = [text.encode("utf-8", "surrogatepass") for text in kept]
        if kept != texts and (looks_like_json(inner) or looks_like_csvlog(inner)):
            return self._entries(as_input(source, lines))
        return self._plain(source, lines)

    def _plain(self, source: LogInput, lines: Iterable[Line]) -> Iterator[tuple[int, Row]]:
        rest = iter(lines)
        sample = list(islice(rest, _SAMPLE))
        finder = PrefixFinder(self.prefix, [line.text for line in sample])
        known = any(line.known is not None and "error_severity" in line.known for line in sample)
        if not finder.prefixes and not known and not any(finder.fit(line.text) for line in sample):
            line = next((one.number for one in sample if one.text.strip()), 1)
            raise LogError("unrecognised log format", source=source.name, line=line, hint=_HINT)
        return read_stderr_log(source.name, chain(sample, rest), self.notebook, finder)

    def _require_statements(self, assembler: Assembler) -> None:
        """Raises LogError where nothing was read: a silent "nothing was found" would be false."""
        if assembler.counts.statements or not assembler.counts.entries:
            return
        counts = assembler.counts
        note = self.notebook.notes[0] if self.notebook.notes and counts.unread else None
        raise LogError(
            f"{counts.entries} entries, and no statement in them",
            source=note.source if note else str(self.paths[0]),
            line=note.line if note else 1,
            hint=_why_no_statement(counts),
        )


def _why_no_statement(counts: LogCounts) -> str:
    if counts.durations_alone:
        return (
            "The log has durations without their statements (log_duration): set log_statement = all or "
            "log_min_duration_statement = 0 (docs/sql.md)."
        )
    if counts.unread:
        return (
            f"{counts.unread} of them were not understood: is lc_messages a language that kata does not know, "
            "or the prefix another one (--prefix, SHOW log_line_prefix)?"
        )
    return "Is log_statement or log_min_duration_statement set? See docs/sql.md for what to set."


def _in_order(paths: Sequence[Path]) -> list[Path]:
    """Rotated files by the time of their first entry; in the given order where one has none."""
    if len(paths) < 2 or STDIN in paths:
        return list(paths)
    starts = [_first_moment(path) for path in paths]
    if not all(starts):
        return list(paths)
    return [path for _, path in sorted(zip(starts, paths, strict=True), key=lambda pair: pair[0])]


def _first_moment(path: Path) -> float:
    with open_source(path) as source:
        text = b"\n".join(source.peek()).decode("utf-8", "replace")
    match = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Za-z0-9+:-]{1,9}", text)
    return Clock().read(match.group()) if match else 0.0
