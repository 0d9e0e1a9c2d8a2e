"""What kata.yaml and stack.yaml begin with: the version of their format, and the name of their folder."""

from __future__ import annotations

from graders.packs.index import SLUG
from graders.packs.yaml_source import Section

FORMAT = 1


def check_format(top: Section) -> None:
    """Raise PackError for a format that this version does not read."""
    number = top.integer("format", least=1)
    if number != FORMAT:
        top.fail("format", f"format {number} is not known here", "this version reads format 1; update kata")


def slug_of(top: Section, key: str, folder: str) -> str:
    """The slug at `key`. Raises PackError unless it is one, and the folder's name."""
    slug = top.text(key)
    if not SLUG.fullmatch(slug):
        top.fail(key, f"`{slug}` is not a valid slug", "use small letters, digits and single hyphens")
    if slug != folder:
        top.fail(key, f"`{slug}` is not the folder's name", f"write `{folder}` or rename the folder")
    return slug
