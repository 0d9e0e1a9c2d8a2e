"""`kata diff`: what was changed since `kata start`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.submission.folder import regular_files
from toolkit.completion import starter_files
from toolkit.differences import counted, differences, files_below
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.starters import starter_of
from toolkit.text import escape
from toolkit.views.difference import difference_lines
from toolkit.views.paint import Paint, paint_for

EXAMPLE = """\
kata diff
kata diff --stat
kata diff --only app/routes.py"""


def run(
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Argument(help="The repository (default: that of the current directory).")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="FILE", help="Only this file; repeatable.", autocompletion=starter_files
        ),
    ] = None,
    stat: Annotated[bool, typer.Option("--stat", help="Only count the lines of each file.")] = False,
) -> int:
    """What you changed since `kata start`, as a unified diff. Needs no git."""
    settings = settings_of(context)
    submission = submission_at(path, packs_of(settings, path))
    root, paint = submission.root, paint_for(settings)
    with starter_of(submission, settings) as starter:
        names = files_below(starter) | {file.relative_to(root).as_posix() for file in regular_files(root)}
        changes = differences(starter, root, _chosen(only, names))
    if not changes:
        print("No changes since `kata start`.")
        return 0
    patch = not sys.stdout.isatty() and not paint.color
    print("\n".join(_counts(changes, paint) if stat else difference_lines(changes, paint, patch=patch)))
    return 0


def _chosen(only: Sequence[str] | None, names: set[str]) -> set[str]:
    for name in only or ():
        if name not in names:
            raise UsageError(
                f"neither the repository nor its starter has a file `{name}`",
                hint="name it as it is from the repository's folder on, such as app/routes.py",
            )
    return set(only or names)


def _counts(changes: Mapping[str, Sequence[str]], paint: Paint) -> list[str]:
    columns = max(len(escape(name)) for name in changes)
    lines = []
    for name, diff in changes.items():
        added, removed = counted(diff)
        figures = f"{paint(f'+{added}', 'green')} {paint(f'-{removed}', 'red')}"
        lines.append(f"{escape(name).ljust(columns)}  {figures}")
    return lines
