"""A git repository's objects, read by a program of its own that has limits and runs nothing of the repository."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from graders.packs.extras import install_command
from graders.submission.intake.limits import IntakeLimits
from graders.submission.intake.rejection import Rejected

_CHILD = Path(__file__).with_name("git_child.py")
_WALL_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class History:
    """What the commits say of themselves; all of it can be forged. Dates are UTC; None where they are impossible."""

    commits: int
    authors: int
    first: datetime | None
    last: datetime | None

    def __str__(self) -> str:
        dates = [moment.strftime("%Y-%m-%d %H:%M") for moment in (self.first, self.last) if moment]
        between = f", dated {' to '.join(dates)} UTC" if dates else ""
        return f"self-reported: {self.commits} commits by {self.authors} authors{between}"


def can_read_git() -> bool:
    """Whether the library that reads git objects is installed."""
    return importlib.util.find_spec("dulwich") is not None


def unpack_bundle(bundle: Path, tar: Path, limits: IntakeLimits) -> tuple[History, int]:
    """Write the files of the bundle's newest commit to the new file `tar`; the history and how many submodules were
    left out. Raises Rejected."""
    if not can_read_git():
        raise Rejected(
            "unsupported-format",
            "a git bundle is read with dulwich, which is not installed",
            hint=f"install it: {install_command(['sandbox'])}",
        )
    facts = _run("bundle", bundle, tar, limits)
    return _history(facts), int(facts.get("left_out", 0))


def read_history(repository: Path, scratch: Path, limits: IntakeLimits) -> History:
    """The history in a private copy of a repository's objects and refs. Raises Rejected."""
    return _history(_run("repository", repository, scratch / "unused.tar", limits))


def _run(
    kind: Literal["bundle", "repository"], source: Path, tar: Path, limits: IntakeLimits
) -> Mapping[str, Any]:
    most = max(limits.expanded_bytes // 4, limits.archive_bytes)
    command = [sys.executable, "-I", "-B", str(_CHILD), kind, str(source), str(tar), str(most)]
    try:
        ended = subprocess.run(
            command, capture_output=True, env={}, timeout=_WALL_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise Rejected("unreadable-repository", f"it was not read after {_WALL_SECONDS:.0f} s") from None
    facts = _facts(ended.stdout)
    if ended.returncode != 0:
        why = facts.get("error") or "reading it needs more memory or time than any repository of a kata"
        raise Rejected("unreadable-repository", f"its objects cannot be read: {why}")
    return facts


def _facts(printed: bytes) -> Mapping[str, Any]:
    try:
        facts = json.loads(printed[:10_000])
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _history(facts: Mapping[str, Any]) -> History:
    return History(
        int(facts["commits"]), int(facts["authors"]), _moment(facts["first"]), _moment(facts["last"])
    )


def _moment(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
