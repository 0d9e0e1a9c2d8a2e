"""`kata reset`: the starter's files again, with a backup of what was there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from graders.errors import UsageError
from graders.submission.folder import Submission, regular_files, render_own_starter
from toolkit.asking import confirmed
from toolkit.backups import back_up, remove
from toolkit.completion import starter_files
from toolkit.differences import files_below
from toolkit.files import copy_into_place
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.starters import keep_starter
from toolkit.text import escape
from toolkit.views.paint import Paint, paint_for

EXAMPLE = """\
kata reset
kata reset --only requirements.txt --yes"""

_Change = Literal["changed", "missing", "to be removed"]


def run(
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Argument(help="The repository (default: that of the current directory).")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="FILE",
            help="Only this file of the starter; repeatable.",
            autocompletion=starter_files,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Put the starter's files back and remove all others. `kata undo` takes that back."""
    settings = settings_of(context)
    submission = submission_at(path, packs_of(settings, path))
    paint = paint_for(settings)
    with tempfile.TemporaryDirectory(prefix="kata-reset-") as scratch:
        starter = Path(scratch, "starter")
        render_own_starter(submission, starter)
        plan = dict(_plan(submission.root, starter, only))
        if not plan:
            print("Nothing to reset: the files are those of the starter.")
            return 0
        print("\n".join(_in_words(plan, submission, paint)))
        if not confirmed("Reset?", yes=yes):
            print("Nothing was changed.")
            return 1
        backup = back_up(submission.root, submission.kata.slug, tuple(plan), settings)
        _carry_out(plan, starter, submission.root)
    if not only:
        keep_starter(submission, settings)
    print(f"{paint(paint.sign('passed'), 'green', 'bold')} done; your files are in {backup.folder}")
    print(f"  {paint('kata undo', 'cyan')}  {paint('brings them back', 'dim')}")
    return 0


def _plan(root: Path, starter: Path, only: list[str] | None) -> Iterator[tuple[str, _Change]]:
    names = files_below(starter)
    for name in only or ():
        if name not in names:
            raise UsageError(f"the starter has no file `{name}`", hint=f"it has: {', '.join(sorted(names))}")
    for name in sorted(only or names):
        target = root / name
        if not target.exists() and not target.is_symlink():
            yield name, "missing"
        elif target.is_symlink() or target.read_bytes() != (starter / name).read_bytes():
            yield name, "changed"
    if not only:
        # Only what a backup holds may go: neither links nor what version control and tools keep.
        own = (path.relative_to(root).as_posix() for path in regular_files(root))
        yield from ((name, "to be removed") for name in sorted(own) if name not in names)


def _in_words(plan: Mapping[str, _Change], submission: Submission, paint: Paint) -> Iterable[str]:
    back = sum(change != "to be removed" for change in plan.values())
    parts = [f"puts back {_files(back)}"] if back else []
    parts += [f"removes {_files(len(plan) - back)}"] if len(plan) > back else []
    yield f"kata reset {' and '.join(parts)} in {submission.root}:"
    columns = max(map(len, plan))
    for name, change in plan.items():
        yield f"  {escape(name).ljust(columns)}  {paint(change, 'yellow' if change == 'to be removed' else 'dim')}"


def _files(number: int) -> str:
    return f"{number} {'file' if number == 1 else 'files'}"


def _carry_out(plan: Mapping[str, _Change], starter: Path, root: Path) -> None:
    for name, change in plan.items():
        if change == "to be removed":
            remove(root, name)
        else:
            copy_into_place(starter / name, root / name)
