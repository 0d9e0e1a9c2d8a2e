"""Showing long text in the user's pager, and files in the user's editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from graders.errors import UsageError

# As git does: end where one screen is enough, show colours, leave the text on the screen.
_LESS = "FRX"


def page(text: str, environment: Mapping[str, str]) -> None:
    """Show text in $PAGER or `less`; print it where nobody looks, or where there is no pager."""
    command = _command(environment, "PAGER") or [found for found in (shutil.which("less"),) if found]
    if not sys.stdout.isatty() or not command or environment.get("TERM") == "dumb":
        print(text)
        return
    clean = {"LESS": _LESS, **environment}
    try:
        subprocess.run(command, input=f"{text}\n", text=True, encoding="utf-8", env=clean, check=False)
    except OSError:
        print(text)


def edit(path: Path, environment: Mapping[str, str]) -> None:
    """Open a file or folder in $VISUAL or $EDITOR. Raises UsageError where neither can be run."""
    command = _command(environment, "VISUAL") or _command(environment, "EDITOR")
    if command is None:
        raise UsageError(
            f"no editor is set to open {path}",
            hint="set VISUAL or EDITOR, such as `export EDITOR='code --wait'`",
        )
    try:
        done = subprocess.run([*command, os.fspath(path)], env=dict(environment), check=False)
    except OSError as error:
        raise UsageError(
            f"the editor `{command[0]}` cannot be run: {error.strerror}", hint="correct VISUAL or EDITOR"
        ) from error
    if done.returncode != 0:
        raise UsageError(
            f"the editor `{command[0]}` ended with exit code {done.returncode}", hint=f"open {path} yourself"
        )


def _command(environment: Mapping[str, str], variable: str) -> list[str] | None:
    try:
        return shlex.split(environment.get(variable, "")) or None
    except ValueError:
        return None
