"""`kata author check`: prove that a kata is right."""

from __future__ import annotations

import sys
import threading
import time
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.gate import Subject, Trial, prove, subjects_of
from graders.grade import Grader
from graders.kata import Kata
from toolkit.completion import slugs
from toolkit.judging import options_for
from toolkit.place import packs_of, settings_of
from toolkit.settings import Settings
from toolkit.views.matrix import matrix_document, render_matrix, render_trial
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata author check n-plus-one
kata author check --repeat 5 --load --json"""


def run(
    context: typer.Context,
    *,
    slug: Annotated[
        str | None, typer.Argument(help="The kata; all of them if left out.", autocompletion=slugs)
    ] = None,
    repeat: Annotated[
        int, typer.Option("--repeat", min=1, help="Run each solution so often; verdicts must not differ.")
    ] = 1,
    load: Annotated[bool, typer.Option("--load", help="Keep every core busy meanwhile.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="So many at once.")] = 2,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="SOLUTION", help="Only this solution; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first repetition.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Prove a kata: the starter fails what it should, right answers score 100, every wrong one is caught."""
    settings = settings_of(context)
    packs = packs_of(settings)
    katas = (packs.kata(slug),) if slug is not None else packs.katas()
    _must_exist(only or (), katas)
    matrices = []
    with Grader(options_for(settings, seed=seed)) as grader:
        for kata in katas:
            teller = _Teller(
                kata, len([s for s in subjects_of(kata) if not only or s.name in only]) * repeat, settings
            )
            started = time.monotonic()
            matrix = prove(
                kata, packs, grader, repeat=repeat, jobs=jobs, load=load, only=only or (), tell=teller.tell
            )
            matrices.append(matrix)
            teller.clear()
            if not as_json:
                print(
                    render_matrix(matrix, paint_for(settings), seconds=time.monotonic() - started), flush=True
                )
    if as_json:
        import json

        print(json.dumps({"format": 1, "katas": [matrix_document(matrix) for matrix in matrices]}, indent=2))
    return 0 if all(matrix.proved for matrix in matrices) else 1


def _must_exist(only: list[str] | tuple[str, ...], katas: tuple[Kata, ...]) -> None:
    known = {subject.name for kata in katas for subject in subjects_of(kata)}
    for name in only:
        if name not in known:
            raise UsageError(f"there is no solution `{name}`", hint=f"there are: {', '.join(sorted(known))}")


class _Teller:
    """A line for each trial: one that changes in a terminal, one below the other elsewhere."""

    def __init__(self, kata: Kata, total: int, settings: Settings) -> None:
        self._kata = kata
        self._total = total
        self._done = 0
        self._paint = paint_for(settings, sys.stderr)
        self._terminal = sys.stderr.isatty()
        self._lock = threading.Lock()

    def tell(self, subject: Subject, trial: Trial) -> None:
        with self._lock:
            self._done += 1
            line = render_trial(self._kata, subject, trial, f"{self._done}/{self._total}", self._paint)
            print(
                f"\r\x1b[2K{line}" if self._terminal else line,
                end="" if self._terminal else "\n",
                file=sys.stderr,
                flush=True,
            )

    def clear(self) -> None:
        if self._terminal:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
