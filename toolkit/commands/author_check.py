"""`kata author check`: prove that a kata is right."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.errors import UsageError
from graders.grading.grader import Grader
from toolkit.completion import slugs
from toolkit.judging import options_for
from toolkit.place import packs_of, settings_of
from toolkit.proving import Proving, must_exist
from toolkit.views.matrix import matrix_document

EXAMPLE = """\
kata author check n-plus-one
kata author check n-plus-one --watch
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
    with Grader(options_for(settings, seed=seed)) as grader:
        proving = Proving(grader, settings, repeat, jobs, load, only or ())
        if watch:
            if slug is None or as_json:
                raise UsageError(
                    "`--watch` looks at one kata, for a reader", hint="name the kata, and leave out --json"
                )
            proving.watch(slug)
        proved = proving.proved(katas, packs)
        matrices = list(proved if as_json else proving.shown(proved))
    if as_json:
        import json

        print(json.dumps({"format": 1, "katas": [matrix_document(matrix) for matrix in matrices]}, indent=2))
    return 1 if any(matrix.problems or not matrix.rows for matrix in matrices) else 0
