"""Waiting until somebody has saved something, and starting again when it happens in mid-run."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from graders.errors import KataError
from graders.grading.progress import Event
from graders.submission.folder import regular_files
from toolkit.boundary import print_error
from toolkit.views.paint import Paint

_LOOK_SECONDS = 0.25

# Files that editors make next to the one that is edited, while they save it or to recover it.
_OF_EDITORS = re.compile(
    r"""
      \..*\.sw[a-z]            # vim, nano: swap files
    | 4913\d*                  # vim: may files be made here?
    | .*~                      # vim, emacs, gedit and many others: backups
    | \#.*\# | \.\#.*          # emacs: auto-save and lock files
    | .*___jb_(tmp|old)___     # JetBrains: safe write
    | \.goutputstream-.*       # GNOME
    | .*\.kate-swp             # Kate
    | sed[A-Za-z0-9]{6}        # sed -i
    | .*\.(tmp|crswap|part)    # browsers, VS Code on a network, and others
    | .*\.pyc
    """,
    re.VERBOSE,
)


class FilesChangedError(BaseException):
    """Raised inside a run when files have changed; like an interrupt, no `except Exception` holds it up."""


class Files:
    """The files below `root` as they were last looked at."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: dict[Path, tuple[tuple[int, int], bytes]] = {}
        self.look()

    def look(self) -> frozenset[Path]:
        """The files whose content has changed since the last look, and those that came or went.

        Raises UsageError for folders in folders without end.
        """
        now = {path: seen for path in self._paths() if (seen := self._see(path)) is not None}
        before = self._seen
        self._seen = now
        return frozenset(path for path in {*before, *now} if _digest(before, path) != _digest(now, path))

    def _paths(self) -> list[Path]:
        try:
            return [path for path in regular_files(self._root) if not _OF_EDITORS.fullmatch(path.name)]
        except FileNotFoundError:
            return []

    def _see(self, path: Path) -> tuple[tuple[int, int], bytes] | None:
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            known = self._seen.get(path)
            if known is not None and known[0] == stamp:
                return known
            return stamp, hashlib.sha256(path.read_bytes()).digest()
        except OSError:
            return None


def _digest(seen: dict[Path, tuple[tuple[int, int], bytes]], path: Path) -> bytes | None:
    found = seen.get(path)
    return None if found is None else found[1]


def each_change(root: Path) -> Callable[[], frozenset[Path]]:
    """A function that returns once files below `root` differ from the last time, and have settled: their paths.

    What changed while nobody waited counts too.
    """
    files = Files(root)

    def wait() -> frozenset[Path]:
        changed: frozenset[Path] = frozenset()
        while True:
            time.sleep(_LOOK_SECONDS)
            now = files.look()
            # Editors write in several steps, and branches change many files: wait until it is quiet.
            if changed and not now:
                return changed
            changed |= now

    return wait


class Watch:
    """Looks at files in the background; what changes waits until it is taken.

    While a run reports its events (`hear`), a change ends it with FilesChangedError, except where it cleans up.
    """

    def __init__(self, root: Path) -> None:
        self._wait = each_change(root)
        self._changed: set[Path] = set()
        self._error: KataError | None = None
        self._something = threading.Condition()
        self._interruptible = False
        threading.Thread(target=self._keep_looking, daemon=True).start()

    def take(self) -> frozenset[Path]:
        """What has changed since it was last taken, as soon as something has."""
        with self._something:
            # Without a time limit, a wait would hold up Ctrl-C on some systems.
            while not self._changed and self._error is None:
                self._something.wait(_LOOK_SECONDS)
            if self._error is not None:
                raise self._error
            changed = frozenset(self._changed)
            self._changed.clear()
            return changed

    def hear(self, event: Event) -> None:
        """An event of a run in the main thread: between its phases and in its last one it is not interrupted."""
        if event.kind == "phase":
            self._interruptible = True
        elif event.kind == "phase-ended":
            self._interruptible = False
        if self._interruptible and self._changed:
            self._stop_the_run()

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._interruptible:
            self._stop_the_run()

    def _stop_the_run(self) -> NoReturn:
        self._interruptible = False
        raise FilesChangedError

    def _keep_looking(self) -> None:
        while True:
            try:
                changed = self._wait()
            except KataError as error:
                self._error = error
                return
            with self._something:
                self._changed |= changed
                self._something.notify_all()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)


def after_each_change(root: Path, paint: Paint, do: Callable[[frozenset[Path], Watch], None]) -> NoReturn:
    """Call `do` now, with no path, and again after each change below `root`, with what changed, until Ctrl-C.

    Where `do` passes its run's events to the watch, a change ends the run, and it begins again. An error of the
    moment (a half-written file) is reported, and the next change tries again.
    """
    watch = Watch(root)
    signal.signal(signal.SIGUSR1, watch.on_signal)
    changed: frozenset[Path] = frozenset()
    while True:
        said = "Waiting for a change; Ctrl-C ends."
        try:
            do(changed, watch)
        except KataError as error:
            sys.stdout.flush()
            print_error(error)
        except FilesChangedError:
            said = "Files have changed: starting again."
        print(f"\n{paint(said, 'dim')}", flush=True)
        changed = watch.take()


def clear_screen() -> None:
    """Begin at the top of an empty screen, where there is one; what has scrolled away stays."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        print("\x1b[H\x1b[2J", end="", flush=True)
