"""A module that is not installed, read from what a service printed: only for the hint, never for a verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.submission import failures
from graders.submission.failures import ServiceFailure


@contextmanager
def pointed_to(file: str, pattern: re.Pattern[str] | None, root: Path) -> Iterator[None]:
    """A ServiceFailure of the block points to `file` where its output, by `pattern`, misses a module that is none of
    the repository's own."""
    try:
        yield
    except ServiceFailure as failure:
        found = list(pattern.finditer(failure.output)) if pattern is not None else []
        module = found[-1][1] if found else ""
        if module and not _is_own(module, root):
            raise failures.with_missing_module(failure, module, file) from None
        raise


def _is_own(module: str, root: Path) -> bool:
    top = module.split(".", maxsplit=1)[0]
    return any((root / place).exists() for place in (top, f"{top}.py", f"src/{top}", f"src/{top}.py"))
