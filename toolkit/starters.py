"""The starter that a repository began with, kept with the record of attempts."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graders.submission.folder import Submission, render_own_starter
from toolkit.settings import Settings


def keep_starter(submission: Submission, settings: Settings) -> None:
    """Keep what the kata's starter is today for this repository; it stays what it is when the pack changes.

    Where that cannot be written, `starter_of` renders the starter from the pack.
    """
    place = _place(submission.root, settings)
    with contextlib.suppress(OSError):
        shutil.rmtree(place, ignore_errors=True)
        render_own_starter(submission, place)


@contextlib.contextmanager
def starter_of(submission: Submission, settings: Settings) -> Iterator[Path]:
    """A folder with the starter that the repository began with, else the one that its pack has now."""
    place = _place(submission.root, settings)
    if place.is_dir():
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="kata-starter-") as scratch:
        rendered = Path(scratch, "starter")
        render_own_starter(submission, rendered)
        yield rendered


def _place(root: Path, settings: Settings) -> Path:
    return (
        settings.data_dir
        / "starters"
        / hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    )
