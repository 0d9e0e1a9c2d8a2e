"""Names of files in a pack's YAML: relative, and below the folder that they are meant in."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from graders.packs.yaml_source import Section


def inside(section: Section, key: str, name: str) -> str:
    """`name`, which was written under `key`. Raises PackError where it leads out of its folder."""
    path = PurePosixPath(name)
    leads_out = ".." in path.parts or path.is_absolute() or "\0" in name
    if leads_out or PureWindowsPath(name).drive or "\\" in name:
        section.fail(
            key, f"`{name}` leads out of its folder", "name a file below it, such as stages/first.md"
        )
    return name


def names_inside(section: Section | None) -> None:
    """The same for every key of a mapping whose keys are names of files."""
    if section is not None:
        for key in section.keys():  # noqa: SIM118 - a Section is not a mapping
            inside(section, key, key)
