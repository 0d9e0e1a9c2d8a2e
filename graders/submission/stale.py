"""Environments that are in the way: damaged ones, and those that nobody has used for a month."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from graders.errors import SandboxError
from graders.submission.intact import READY

_UNUSED_DAYS = 30


def remove_environment(folder: Path) -> None:
    """Make room for a new one: what is there is removed. Raises SandboxError where it cannot be removed."""
    with suppress(OSError):
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        else:
            shutil.rmtree(folder)
    if folder.exists() or folder.is_symlink():
        raise SandboxError(
            f"{folder}, a damaged environment, cannot be removed",
            hint="remove it, or give yourself access to it",
        )


def forget_unused(environments: Path) -> None:
    """Drop what no run has used for a month: each change of a repository's dependencies leaves one behind."""
    oldest = time.time() - _UNUSED_DAYS * 86400
    for ready in environments.glob(f"*/{READY}"):
        with suppress(OSError):
            if ready.stat().st_mtime < oldest:
                shutil.rmtree(ready.parent)
