"""`kata list`: the katas there are."""

from __future__ import annotations

from typing import Annotated

import typer

from toolkit.choices import among
from toolkit.completion import skills, tracks
from toolkit.listing import LEVELS, print_list
from toolkit.place import settings_of

EXAMPLE = """\
kata list --track core
kata list --skill n-plus-one"""


def run(
    context: typer.Context,
    level: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(LEVELS), help="Only katas of this level.", autocompletion=among(*LEVELS)
        ),
    ] = None,
    skill: Annotated[
        str | None,
        typer.Option(metavar="SKILL", help="Only katas that train this skill.", autocompletion=skills),
    ] = None,
    track: Annotated[
        str | None,
        typer.Option(metavar="TRACK", help="The katas of this track, in its order.", autocompletion=tracks),
    ] = None,
    proved: Annotated[
        bool,
        typer.Option(
            "--proved", help="Only katas with a recorded proof, and what their suites were held against."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """The katas there are, with your best result of each."""
    return print_list(
        settings_of(context), level=level, skill=skill, track=track, proved=proved, as_json=as_json
    )
