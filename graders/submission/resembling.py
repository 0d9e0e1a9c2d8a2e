"""A stack for every kata installs dependencies as another stack does: the one whose files the repository has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from graders.errors import UsageError
from graders.packs.records import Stack
from graders.packs.stacks import load_stack


def as_installed(stack: Stack, root: Path) -> Stack:
    """The stack that says how the dependencies of the repository `root` are installed: `stack` unless it names others.

    Raises UsageError where the repository has only a file that kata cannot install from.
    """
    for file, name in stack.installs_like.items():
        like = load_stack(stack.folder.parent / name)
        if (root / file).is_file() or any((root / lock).is_file() for lock in like.locks):
            return replace(like, ignore=stack.ignore, programs=stack.programs)
    for file, command in stack.locks.items() if stack.installs_like else ():
        if (root / file).is_file():
            raise UsageError(
                f"{root} has {file}, but none of {', '.join(stack.installs_like)}, which name the dependencies",
                hint=f"write it with `{command}`",
            )
    return stack


def alike(stack: Stack) -> tuple[Stack, ...]:
    """The stack, and those that it may install dependencies like."""
    return (stack, *(load_stack(stack.folder.parent / name) for name in stack.installs_like.values()))


def not_installed(stack: Stack, root: Path) -> tuple[str, ...]:
    """The dependency files of the repository that are passed over, since another one comes first."""
    return tuple(file for file in stack.installs_like if (root / file).is_file())[1:]
