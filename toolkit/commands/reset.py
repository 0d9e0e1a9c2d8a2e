"""`kata reset`: the starter's files again, with a backup of what was there."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.packs.rendering import render_starter
from graders.submission.folder import snapshot
from toolkit.files import copy_into_place
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata reset
kata reset --only requirements.txt"""


def run(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="The repository; the one you stand in if left out.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="FILE", help="Only this file of the starter; repeatable."),
    ] = None,
) -> int:
    """Put the starter's files back. What was there is kept, and it is said where."""
    settings = settings_of(context)
    submission = submission_at(path, packs_of(settings, path))
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S.%f")
    backup = settings.data_dir / "backups" / f"{submission.kata.slug}-{moment}"
    backup.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="kata-reset-") as scratch:
        starter = Path(scratch, "starter")
        render_starter(submission.kata, submission.stack, starter)
        names = _files(starter)
        chosen = _chosen(only, names)
        snapshot(submission.root, backup)
        restored = [name for name in chosen if _restore(starter / name, submission.root / name)]
    removed = [] if only else _remove_others(submission.root, _files(backup), set(names))
    paint = paint_for(settings)
    print(
        f"{paint(paint.sign('passed'), 'green', 'bold')} {len(restored)} files put back, {len(removed)} removed"
    )
    print(f"  {paint('everything as it was is in', 'dim')} {backup}")
    return 0


def _files(base: Path) -> list[str]:
    return sorted(path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())


def _chosen(only: list[str] | None, names: list[str]) -> list[str]:
    for name in only or ():
        if name not in names:
            raise UsageError(f"the starter has no file `{name}`", hint=f"it has: {', '.join(names)}")
    return only or names


def _restore(source: Path, target: Path) -> bool:
    if target.is_file() and not target.is_symlink() and target.read_bytes() == source.read_bytes():
        return False
    copy_into_place(source, target)
    return True


def _remove_others(root: Path, kept: list[str], starter: set[str]) -> list[str]:
    # Only what the backup holds may go.
    others = [name for name in kept if name not in starter]
    for name in others:
        (root / name).unlink()
        for folder in (root / name).parents:
            if folder == root or any(folder.iterdir()):
                break
            folder.rmdir()
    return others
