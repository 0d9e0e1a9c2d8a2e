"""`kata list`: the katas there are."""

from __future__ import annotations

from typing import Annotated

import typer

from toolkit.listing import print_list
from toolkit.place import settings_of

EXAMPLE = """\
kata list --level core
kata list --track core"""


def run(
    context: typer.Context,
    level: Annotated[
        str | None, typer.Option(help="Only katas of this level: intro, core, advanced.")
    ] = None,
    skill: Annotated[str | None, typer.Option(help="Only katas that train this skill.")] = None,
    track: Annotated[str | None, typer.Option(help="The katas of this track, in its order.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """The katas there are, with your best result of each."""
    return print_list(settings_of(context), level=level, skill=skill, track=track, as_json=as_json)
