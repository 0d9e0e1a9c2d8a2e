"""Running the gate where a person watches: progress, the matrix, and again after each change."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from graders.authoring.audit import audit
from graders.authoring.gate import prove_all
from graders.authoring.matrix import Candidate, CandidateRun, Matrix, candidates_of, touched
from graders.errors import UsageError
from graders.grading.grader import Grader
from graders.packs.loader import Packs
from graders.packs.records import Kata
from toolkit.place import packs_of
from toolkit.settings import Settings
from toolkit.views.matrix import render_matrix, render_run
from toolkit.views.paint import Paint, paint_for


@dataclass(frozen=True, slots=True)
class Proving:
    """How to prove: repetitions, runs at once, with every core kept busy or not, and which candidates (empty: all)."""

    grader: Grader
    settings: Settings
    repeat: int
    jobs: int
    load: bool
    only: Sequence[str]

    def proved(
        self, katas: Sequence[Kata], packs: Packs, only: Sequence[str] | None = None, *, loads: bool = True
    ) -> Iterator[Matrix]:
        """The matrix of each kata; each run is a line on standard error when it ends."""
        chosen = self.only if only is None else only
        printers = {kata.slug: _RunPrinter(kata, self._runs(kata, chosen), self.settings) for kata in katas}
        proving = prove_all(
            katas,
            packs,
            self.grader,
            repeat=self.repeat,
            jobs=self.jobs,
            load=self.load,
            only=chosen,
            loads=loads,
            hear=lambda kata: printers[kata.slug].hear,
        )
        with closing(proving):
            for kata, matrix in zip(katas, proving, strict=True):
                printers[kata.slug].clear()
                yield matrix

    def _runs(self, kata: Kata, only: Sequence[str]) -> int:
        return sum(not only or candidate.name in only for candidate in candidates_of(kata)) * self.repeat

    def printed(self, matrices: Iterable[Matrix]) -> Iterator[Matrix]:
        """Print each matrix as it comes."""
        started = time.monotonic()
        for matrix in matrices:
            paint = paint_for(self.settings)
            print(render_matrix(matrix, paint, seconds=time.monotonic() - started), flush=True)
            yield matrix
            started = time.monotonic()

    def watch(self, slug: str) -> NoReturn:
        """Prove the kata, and again after each change what the change may have touched, until Ctrl-C."""
        from toolkit.watch import Watch, after_each_change

        matrix: Matrix | None = None
        pending = set[Path]()

        def prove(changed: frozenset[Path], _: Watch) -> None:
            nonlocal matrix
            # What changed while the kata could not be read, or proved, counts once it can.
            pending.update(changed)
            packs = packs_of(self.settings)
            kata = packs.kata(slug)
            [matrix] = self.printed(self._newer(kata, packs, matrix, pending))
            if not matrix.blocked:
                pending.clear()

        after_each_change(packs_of(self.settings).kata(slug).folder, paint_for(self.settings), prove)

    def _newer(
        self, kata: Kata, packs: Packs, older: Matrix | None, changed: Collection[Path]
    ) -> Iterator[Matrix]:
        """The matrix once more: of an older one those rows stay that the changes did not touch."""
        if older is None:
            return self.proved((kata,), packs)
        names = [name for name in touched(kata, changed) if not self.only or name in self.only]
        loads = any(path.suffix in (".sql", ".yaml") and path.parent == kata.folder for path in changed)
        if names:
            newer = self.proved((kata,), packs, names, loads=loads)
        else:
            newer = iter((Matrix(kata, (), audit(kata, packs)),))
        return (matrix.after(older) for matrix in newer)


def must_exist(only: Sequence[str], katas: Sequence[Kata]) -> None:
    """Raises UsageError for a name that no candidate of these katas has."""
    known = {candidate.name for kata in katas for candidate in candidates_of(kata)}
    for name in only:
        if name not in known:
            raise UsageError(f"there is no solution `{name}`", hint=f"there are: {', '.join(sorted(known))}")


class _RunPrinter:
    """A line for each run: one that changes in a terminal, one below the other elsewhere."""

    def __init__(self, kata: Kata, total: int, settings: Settings) -> None:
        self._kata = kata
        self._total = total
        self._done = 0
        self._paint: Paint = paint_for(settings, sys.stderr)
        self._terminal = sys.stderr.isatty()
        self._lock = threading.Lock()

    def hear(self, candidate: Candidate, run: CandidateRun) -> None:
        with self._lock:
            self._done += 1
            line = render_run(self._kata, candidate, run, f"{self._done}/{self._total}", self._paint)
            print(
                f"\r\x1b[2K{line}" if self._terminal else line,
                end="" if self._terminal else "\n",
                file=sys.stderr,
                flush=True,
            )

    def clear(self) -> None:
        if self._terminal:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
