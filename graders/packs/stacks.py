"""Stacks: stack.yaml read into its record, and the order in which a pack prefers its stacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from graders.packs import placeholders
from graders.packs.inside import inside, names_inside
from graders.packs.manifest import check_format, slug_of
from graders.packs.placeholders import IN_COMMANDS
from graders.packs.records import Requirement, Stack
from graders.packs.yaml_source import Section, read_yaml

INSTALLERS = ("pip", "npm", "other")
_KEYS = (
    "format",
    "name",
    "title",
    "language",
    "requires",
    "installer",
    "inputs",
    "locks",
    "install",
    "extend",
    "build",
    "ignore",
    "path",
    "links",
    "variables",
    "ready_seconds",
    "every_kata",
    "installs_like",
    "programs",
)
# What tools leave behind, for a stack without `ignore:`.
IGNORED = (
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
)


@cache
def load_stack(folder: Path) -> Stack:
    """The stack in that folder of skeletons/. Raises PackError with file, line and key."""
    top = read_yaml(folder / "stack.yaml")
    top.only(_KEYS)
    check_format(top)
    install = placeholders.commands(top, "install", required=True)
    for name in top.texts("inputs"):
        inside(top, "inputs", name)
    names_inside(top.section("links"))
    names_inside(top.section("locks"))
    return Stack(
        name=slug_of(top, "name", folder.name),
        title=top.text("title"),
        language=top.text("language"),
        requires=tuple(_requirement(section) for section in top.sections("requires")),
        inputs=top.texts("inputs", required=not top.has("installs_like")),
        install=install,
        path=placeholders.commands(top, "path"),
        links=placeholders.texts(top.section("links"), IN_COMMANDS),
        variables=placeholders.texts(top.section("variables")),
        ready_seconds=float(top.integer("ready_seconds", 30, least=1, most=600)),
        folder=folder,
        installer=top.choice("installer", INSTALLERS, _installer_in(install)),
        extend=placeholders.commands(top, "extend"),
        build=placeholders.commands(top, "build"),
        ignore=_names(top, "ignore") if top.has("ignore") else IGNORED,
        locks=_plain(top.section("locks")),
        every_kata=top.flag("every_kata"),
        installs_like=_known_stacks(top.section("installs_like"), folder.parent),
        programs=_names(top, "programs"),
    )


def _requirement(section: Section) -> Requirement:
    section.only(("command", "minimum", "hint", "version"))
    return Requirement(
        command=section.text("command"),
        minimum=section.scalar("minimum", "0"),
        hint=section.text("hint"),
        version=section.text("version", "--version"),
    )


def _installer_in(install: tuple[str, ...]) -> str:
    """The installer that these commands call: stacks of older packs do not say it."""
    text = "\n".join(install)
    if re.search(r"\bpip\b.*\binstall\b", text):
        return "pip"
    return "npm" if re.search(r"\bnpm (?:ci|install)\b", text) else "other"


def _names(top: Section, key: str) -> tuple[str, ...]:
    names = top.texts(key)
    for name in names:
        if "/" in name or "*" in name:
            top.fail(key, f"`{key}` holds `{name}`", "write the plain names of files or folders")
    return names


def _plain(section: Section | None) -> Mapping[str, str]:
    return {key: section.text(key) for key in section.keys()} if section else {}  # noqa: SIM118


def _known_stacks(section: Section | None, skeletons: Path) -> Mapping[str, str]:
    """File -> stack. Raises PackError for a stack that the pack does not have."""
    found = _plain(section)
    for file, name in found.items():
        if section is not None and not (skeletons / name / "stack.yaml").is_file():
            section.fail(file, f"there is no stack `{name}` in {skeletons}", "name a stack of the same pack")
    return found


def preferred_stacks(root: Path) -> tuple[str, ...]:
    """The names in content/stacks.yaml of the pack at `root`, the first one preferred; () where it says none."""
    path = root / "content" / "stacks.yaml"
    if not path.is_file():
        return ()
    top = read_yaml(path)
    top.only(("format", "order"))
    check_format(top)
    return top.texts("order", required=True)
