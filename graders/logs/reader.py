"""Reads log files: detects the format of each and puts rotated files in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from graders.logs.assembly import Assembler
from graders.logs.csvlog import looks_like_csvlog, read_csvlog
from graders.logs.jsonlog import looks_like_jsonlog, read_jsonlog
from graders.logs.plans import looks_like_plans, read_plans
from graders.logs.prefix import compile_prefix
from graders.logs.recording_lines import looks_like_recording, read_recording
from graders.logs.row import Row
from graders.logs.source import STDIN, LogError, LogInput, Notebook, open_source
from graders.logs.stderr_log import guess_prefix, read_stderr_log
from graders.logs.timestamps import Clock
from graders.sql.statement import Statement

_HINT = (
    "kata sql reads jsonlog, csvlog, the plain log (with --prefix set to what `SHOW log_line_prefix` prints), "
    "auto_explain's JSON and kata's own recordings."
)


@dataclass(slots=True)
class Log:
    """Files of one log, to be read once. `notebook` fills while `statements()` runs."""

    paths: Sequence[Path]
    prefix: str | None = None
    progress: Callable[[int], None] = lambda _read: None
    notebook: Notebook = field(default_factory=Notebook)

    def statements(self) -> Iterator[Statement]:
        """Every statement, each when nothing more can follow about it. Raises LogError, UsageError."""
        if self.prefix is not None:
            compile_prefix(self.prefix)
        assembler, done = Assembler(self.notebook), 0
        for path in _in_order(self.paths):
            with open_source(path, partial(self._advance, done)) as source:
                yield from self._read(source, assembler)
            done += path.stat().st_size if path != STDIN else 0
        yield from assembler.finish()

    def _advance(self, before: int, read: int) -> None:
        self.progress(before + read)

    def _read(self, source: LogInput, assembler: Assembler) -> Iterator[Statement]:
        first = source.peek()
        if not any(line.strip() for line in first):
            return
        if looks_like_recording(first):
            yield from read_recording(source, self.notebook)
            return
        before = assembler.entries
        yield from assembler.assemble(source.name, self._entries(source, first))
        if assembler.entries == before:
            line = next((note.line for note in self.notebook.notes if note.source == source.name), 1)
            raise LogError(
                "no entry of a PostgreSQL log was found", source=source.name, line=line, hint=_HINT
            )

    def _entries(self, source: LogInput, first: list[bytes]) -> Iterator[tuple[int, Row]]:
        if looks_like_jsonlog(first):
            return read_jsonlog(source, self.notebook)
        if looks_like_plans(first):
            return read_plans(source, self.notebook)
        if looks_like_csvlog(first) and self.prefix is None:
            return read_csvlog(source, self.notebook)
        prefix = self.prefix or guess_prefix(first)
        if prefix is None:
            line = next(number for number, text in enumerate(first, 1) if text.strip())
            raise LogError("unrecognised log format", source=source.name, line=line, hint=_HINT)
        return read_stderr_log(source, self.notebook, prefix)


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
