"""Asking before something is replaced."""

from __future__ import annotations

import sys

from graders.errors import UsageError


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether to go on: `yes`, or what is answered. Raises UsageError where nobody can answer."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nothing was changed, because nobody can be asked here", hint="add --yes to go on")
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = ""
    return answer.strip().lower() in ("y", "yes")
