"""`kata author flake`: run the same thing many times and count how often the verdicts differ."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Annotated

import typer

from graders.authoring.gate import prove
from graders.authoring.matrix import Matrix, Row
from graders.grading.grader import Grader
from graders.packs.records import Kata
from toolkit.commands.author_try import find_candidate
from toolkit.completion import slugs, solutions
from toolkit.judging import options_for
from toolkit.place import packs_of, settings_of

EXAMPLE = """\
kata author flake n-plus-one -n 50
kata author flake n-plus-one -n 20 --load --solution reference"""


def run(
    context: typer.Context,
    *,
    slug: Annotated[str, typer.Argument(help="The kata.", autocompletion=slugs)],
    repeat: Annotated[int, typer.Option("-n", "--repeat", min=2, help="Runs of each solution.")] = 50,
    solution: Annotated[
        list[str] | None,
        typer.Option(
            "--solution",
            help="Only this one; repeatable. Else references and starters.",
            autocompletion=solutions,
        ),
    ] = None,
    load: Annotated[bool, typer.Option("--load", help="Keep every core busy during the runs.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="So many at once.")] = 2,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first run; each has the next.")] = 1,
) -> int:
    """Repeats a kata's runs, each with a seed of its own, and names every check whose verdict ever differed."""
    settings = settings_of(context)
    packs = packs_of(settings)
    kata = packs.kata(slug)
    names = [find_candidate(kata, name).name for name in solution or ()] or _usual(kata)
    done = Counter[str]()

    def hear(*_: object) -> None:
        done["runs"] += 1
        if sys.stderr.isatty():
            print(f"\r{done['runs']}/{repeat * len(names)}", end="", file=sys.stderr, flush=True)

    with Grader(options_for(settings, seed=seed)) as grader:
        matrix = prove(
            kata, packs, grader, repeat=repeat, jobs=jobs, load=load, only=names, loads=False, hear=hear
        )
    if sys.stderr.isatty():
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
    return report(matrix, repeat)


def report(matrix: Matrix, repeat: int) -> int:
    """Print what differed; the exit code."""
    differing = [line for row in matrix.rows for line in _differing(matrix.kata, row)]
    for line in differing:
        print(line)
    wrong = [problem for row in matrix.rows for problem in row.problems]
    for problem in wrong:
        print(f"✗ {problem.where}: {problem.message}\n  → {problem.hint}")
    if not differing and not wrong:
        print(
            f"✓ {matrix.kata.slug}: {len(matrix.rows)} solutions, {repeat} runs each, every verdict the same"
        )
    return 1 if differing or wrong else 0


def _differing(kata: Kata, row: Row) -> list[str]:
    lines = []
    for check in kata.checks:
        if row.verdict(check.id) != "flaky":
            continue
        counts: Counter[str] = Counter()
        for run in row.runs:
            result = run.results.get(check.id)
            counts[result.verdict if result else "broken"] += 1
        counted = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
        rarest = counts.most_common()[-1][0]
        seed = next(
            t.seed for t in row.runs if check.id in t.results and t.results[check.id].verdict == rarest
        )
        lines.append(
            f"✗ {row.candidate.name}: `{check.id}` differs: {counted}; e.g. {rarest} with --seed {seed}"
        )
    return lines


def _usual(kata: Kata) -> list[str]:
    from graders.authoring.matrix import candidates_of

    return [candidate.name for candidate in candidates_of(kata) if candidate.kind in ("starter", "reference")]
