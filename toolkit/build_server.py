"""GitHub Actions reads commands (`::set-env::`, `::error::`) from what a step prints: it takes none of them from what a
service said."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def no_commands_from_output() -> Iterator[None]:
    """For as long as the block lasts. The word that ends it is random, and printed on stderr, as the first line was."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    word = os.urandom(16).hex()
    _say(f"::stop-commands::{word}")
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        _say(f"::{word}::")


def _say(line: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        print(line, file=sys.stderr, flush=True)
