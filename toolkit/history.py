"""A git repository for what a learner does, which starts with one commit of the starter."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

# The first commit is made by kata where git does not know who the learner is.
_NOBODY = ("-c", "user.name=kata", "-c", "user.email=kata@localhost")
# Neither hooks nor keys of the learner are for this commit.
_QUIET = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false")


def begin_history(folder: Path, target: Path, message: str, environment: Mapping[str, str]) -> bool:
    """Make `folder`, which will be named `target`, a git repository with one commit of everything in it.

    False, and no repository, where git is missing or refuses, or where `target` is inside a repository already.
    """
    git = shutil.which("git", path=environment.get("PATH"))
    if git is None or any((place / ".git").exists() for place in target.parents):
        return False
    # GIT_DIR and its like, set inside a hook, would lead to another repository.
    clean = {name: value for name, value in environment.items() if not name.startswith("GIT_")}

    def run(*arguments: str) -> bool:
        command = [git, *_QUIET, *arguments]
        done = subprocess.run(
            command, cwd=folder, env=clean, capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        return done.returncode == 0

    known = run("config", "user.email")
    nobody = () if known else _NOBODY
    added = run("init", "--quiet", "--template=") and run("add", "--all")
    if added and run(*nobody, "commit", "--quiet", "--message", message):
        return True
    shutil.rmtree(folder / ".git", ignore_errors=True)
    return False
