"""Placeholders in a pack's variables and commands: which there are, and what a text says once they are filled in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import unquote, urlsplit

from graders.packs.yaml_source import Section

# What each backing service offers to `{name.key}`; the services themselves are in graders.backing.
BACKING: Mapping[str, tuple[str, ...]] = {
    "postgres": ("url", "host", "port", "user", "password", "database"),
}
IN_VARIABLES = frozenset(
    {"environment", *(f"{name}.{key}" for name, keys in BACKING.items() for key in keys)}
)
IN_COMMANDS = frozenset({"environment", "python"})
# `${name}` is the shell's; `{{name}}` gives the text `{name}`. Other braces, as in JSON, are left alone.
_NAME = r"[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)?"
_PLACEHOLDER = re.compile(rf"\{{\{{({_NAME})\}}\}}|(?<!\$)\{{({_NAME})\}}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each placeholder replaced that has a value."""
    return _PLACEHOLDER.sub(
        lambda found: f"{{{found[1]}}}" if found[1] else values.get(found[2], found[0]), text
    )


def check(section: Section, key: str, text: str, known: Collection[str]) -> None:
    """Raise PackError, at the value of `key`, for a placeholder that is not `known`."""
    for found in _PLACEHOLDER.finditer(text):
        name = found[2]
        if name and name not in known:
            where = f"{section.name}.{key}" if section.name else key
            hint = f"{_nearest(name, known)}; write `{{{{{name}}}}}` for the text itself"
            section.fail(key, f"`{where}`: unknown placeholder `{{{name}}}`", hint)


def texts(section: Section | None, known: Collection[str] = IN_VARIABLES) -> dict[str, str]:
    """The section's values, which may hold the placeholders that are `known`. Raises PackError for another."""
    if section is None:
        return {}
    values = {key: section.scalar(key, "") for key in section.keys()}  # noqa: SIM118 - a Section is not a mapping
    for key, value in values.items():
        check(section, key, value, known)
    return values


def commands(section: Section, key: str, *, required: bool = False) -> tuple[str, ...]:
    """The list of texts at `key`, with the placeholders of commands. Raises PackError for another one."""
    found = section.texts(key, required=required)
    for text in found:
        check(section, key, text, IN_COMMANDS)
    return found


def _nearest(name: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean `{{{near[0]}}}`?"
    return f"there are: {', '.join(f'{{{one}}}' for one in sorted(known))}"


def postgres_values(url: str) -> dict[str, str]:
    """What `{postgres.…}` is replaced by while the database is reached at `url`."""
    parts = urlsplit(url)
    values = {
        "url": url,
        "host": parts.hostname or "",
        "port": str(parts.port or 5432),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.removeprefix("/")),
    }
    return {f"postgres.{key}": value for key, value in values.items()}
