"""`kata undo`: take the last `kata reset` back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from toolkit.backups import back_up, last_backup, undo
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.text import escape
from toolkit.views.paint import paint_for

EXAMPLE = "kata undo"


def run(
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Argument(help="The repository (default: that of the current directory).")
    ] = None,
) -> int:
    """Take the last `kata reset` of this repository back; again for the one before it.

    The files as they are now are kept in a backup too.
    """
    settings = settings_of(context)
    submission = submission_at(path, packs_of(settings, path))
    backup = last_backup(submission.root, settings)
    if backup is None:
        raise UsageError(
            f"there is no reset of {submission.root} to undo",
            hint=f"backups of all repositories are in {settings.data_dir / 'backups'}",
        )
    now = back_up(submission.root, submission.kata.slug, (), settings, undone=True)
    put_back, removed = undo(backup, submission.root)
    paint = paint_for(settings)
    when = datetime.fromisoformat(backup.at).astimezone().strftime("%Y-%m-%d %H:%M")
    print(f"{paint(paint.sign('passed'), 'green', 'bold')} the reset of {when} is undone")
    for name in put_back:
        print(f"  {escape(name)}  {paint('put back', 'dim')}")
    for name in removed:
        print(f"  {escape(name)}  {paint('removed', 'dim')}")
    print(f"  {paint('the files as they were before this are in', 'dim')} {now.folder}")
    return 0
