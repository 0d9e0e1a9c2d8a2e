"""The pages of content/findings: what a rule's finding means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from graders.errors import UsageError
from graders.packs.yaml_source import read_plain
from toolkit.place import packs_of
from toolkit.settings import Settings


def page_of(rule: str, settings: Settings) -> dict[str, Any]:
    """The page of a rule. Raises UsageError with the nearest one."""
    packs = packs_of(settings)
    path = packs.content("findings", f"{rule}.yaml")
    if path is None:
        known = sorted(page.stem for root in packs.roots for page in root.glob("content/findings/*.yaml"))
        raise UsageError(f"there is no page of a rule `{rule}`", hint=nearest(rule, known))
    return read_plain(path)


def titles_of(rules: Iterable[str], settings: Settings) -> dict[str, str]:
    """Rule → the title of its page; the rule's own name where it has none."""
    packs = packs_of(settings)
    found = {}
    for rule in dict.fromkeys(rules):
        has_page = packs.content("findings", f"{rule}.yaml") is not None
        found[rule] = str(page_of(rule, settings).get("title", rule)) if has_page else rule
    return found


def nearest(rule: str, known: list[str]) -> str:
    """A hint that names the rule that was probably meant, else all of them."""
    near = get_close_matches(rule, known, n=1, cutoff=0.4)
    return f"did you mean `{near[0]}`?" if near else f"there are {', '.join(sorted(known))}"
