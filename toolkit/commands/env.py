"""`kata env`: where the interpreter and the packages of a repository are, for an editor."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from toolkit.editor import EditorEnvironment, editor_environment
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.views.paint import Paint, paint_for

EXAMPLE = """\
kata env
kata env --json | jq -r .interpreter"""


def run(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="The repository (default: that of the current directory).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Where the interpreter and the packages of the repository are; they are installed unless they are there.

    Links in the repository lead there, so that VS Code and PyCharm resolve imports.
    """
    settings = settings_of(context)
    submission = submission_at(path, packs_of(settings, path))
    found = editor_environment(
        submission, settings, progress=lambda note: print(f"{note} ...", file=sys.stderr, flush=True)
    )
    print(
        _as_json(found, submission.kata.slug, submission.stack.name)
        if as_json
        else _as_text(found, paint_for(settings), verbose=settings.verbose)
    )
    return 0


def _as_text(found: EditorEnvironment, paint: Paint, *, verbose: bool) -> str:
    rows = []
    if found.interpreter is not None:
        rows.append(("interpreter", str(found.interpreter)))
    if found.node_modules is not None:
        rows.append(("node_modules", str(found.node_modules)))
    if verbose or not rows:
        rows += [("programs", place) for place in found.path]
    if found.links:
        rows.append(("linked as", ", ".join(found.links)))
    return "\n".join(f"{paint(name.ljust(12), 'bold')}  {value}" for name, value in rows)


def _as_json(found: EditorEnvironment, kata: str, stack: str) -> str:
    document = {
        "format": 1,
        "kata": kata,
        "stack": stack,
        "interpreter": None if found.interpreter is None else str(found.interpreter),
        "node_modules": None if found.node_modules is None else str(found.node_modules),
        "path": list(found.path),
        "links": {name: str(place) for name, place in found.links.items()},
    }
    return json.dumps(document, indent=2)
