"""Options with a known set of values: completed by the shell, and checked with an error that lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def among(*values: str) -> Callable[[str], list[str]]:
    """A completion of these values."""

    def complete(incomplete: str) -> list[str]:
        return [value for value in values if value.startswith(incomplete)]

    return complete


def one_of(value: str, known: Iterable[str], option: str) -> str:
    """`value` if it is known. Raises UsageError, which lists what is."""
    known = list(known)
    if value in known:
        return value
    from difflib import get_close_matches

    from graders.errors import UsageError

    near = get_close_matches(value, known, n=1)
    meant = f"did you mean `{near[0]}`? " if near else ""
    raise UsageError(
        f"{option} {value}: unknown value", hint=f"{meant}it is one of: {', '.join(known) or '(none)'}"
    )
