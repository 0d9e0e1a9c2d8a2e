"""Sentences on stderr: broken at spaces where a person reads them in a terminal, whole lines for programs."""

from __future__ import annotations

import sys


def note(text: str) -> None:
    """Say a sentence on stderr that belongs to no result."""
    print(fitted(text), file=sys.stderr, flush=True)


def fitted(text: str, before: str = "") -> str:
    """`text` for stderr, its further lines indented as far as what is `before` the first one."""
    if not sys.stderr.isatty():
        return text
    import shutil
    import textwrap

    room = max(40, shutil.get_terminal_size().columns) - len(before)
    lines = (
        textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False) or [""]
        for line in text.split("\n")
    )
    return f"\n{' ' * len(before)}".join(part for parts in lines for part in parts)
