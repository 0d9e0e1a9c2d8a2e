"""`kata author check`: prove that a kata is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.grading.grader import Grader
from toolkit.completion import slugs, solutions
from toolkit.judging import options_for
from toolkit.ledger_check import digests_of, record, run_budget, seconds_of, show_proofs
from toolkit.place import packs_of, settings_of
from toolkit.proving import Proving, must_exist
from toolkit.views.matrix import matrix_document

EXAMPLE = """\
kata author check
kata author check n-plus-one
kata author check n-plus-one --repeat 5 --load --record
kata author check --budget 8m"""


def run(
    context: typer.Context,
    *,
    slug: Annotated[
        str | None,
        typer.Argument(
            help="Kata slug. Without one: what is proved, what changed since.", autocompletion=slugs
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Prove every kata.")] = False,
    recorded: Annotated[
        bool, typer.Option("--record", help="Write the proof into the kata's proof.json.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="TIME", help="Run a sample of the proofs again, e.g. 8m."),
    ] = None,
    sample_seed: Annotated[
        int | None, typer.Option("--sample-seed", min=0, help="Seed of the sample's order.")
    ] = None,
    repeat: Annotated[
        int, typer.Option("--repeat", min=1, help="Run each solution N times; verdicts must be identical.")
    ] = 1,
    load: Annotated[bool, typer.Option("--load", help="Keep every core busy during the runs.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Runs at the same time.")] = 2,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="SOLUTION", help="Only this solution; repeatable.", autocompletion=solutions
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first repetition.")] = 1,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run again what a change may have touched, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Prove a kata: the starter fails what it should, right answers score 100, every wrong one is caught."""
    settings = settings_of(context)
    packs = packs_of(settings)
    katas = (packs.kata(slug),) if slug is not None else packs.katas()
    must_exist(only or (), katas)
    _must_fit(slug, only or (), every=every, recorded=recorded, watch=watch, budget=budget)
    if slug is None and not (every or recorded or budget or watch):
        return show_proofs(katas, packs, settings)
    with Grader(options_for(settings, seed=seed)) as grader:
        if budget is not None:
            return run_budget(
                katas, packs, grader, settings, seconds=seconds_of(budget), seed=sample_seed, jobs=jobs
            )
        digests = {kata.slug: digests_of(kata, packs) for kata in katas} if recorded else {}
        proving = Proving(grader, settings, repeat, jobs, load, only or ())
        if watch:
            if slug is None or as_json:
                raise UsageError(
                    "`--watch` looks at one kata, for a reader", hint="name the kata, and leave out --json"
                )
            proving.watch(slug)
        proved = proving.proved(katas, packs)
        matrices = []
        for matrix in proved if as_json else proving.printed(proved):
            matrices.append(matrix)
            if recorded:
                record(matrix, digests[matrix.kata.slug], grader, settings, load=load)
    if as_json:
        import json

        print(json.dumps({"format": 1, "katas": [matrix_document(matrix) for matrix in matrices]}, indent=2))
    return 1 if any(matrix.problems or not matrix.rows for matrix in matrices) else 0


def _must_fit(
    slug: str | None, only: Sequence[str], *, every: bool, recorded: bool, watch: bool, budget: str | None
) -> None:
    """Raises UsageError for options that exclude each other."""
    if slug is not None and every:
        raise UsageError("--all proves every kata, and one is named", hint="leave out one of the two")
    if budget is not None and (recorded or watch or only):
        raise UsageError("--budget runs a sample", hint="leave out --record, --watch and --only")
    if slug is None and only and not (every or recorded):
        raise UsageError("--only names solutions of one kata", hint="name the kata too")
