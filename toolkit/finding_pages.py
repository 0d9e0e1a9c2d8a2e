"""The pages of content/findings: what a rule's finding means."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from graders.errors import UsageError
from graders.packs.yaml_source import read_plain
from toolkit.place import packs_of
from toolkit.settings import Settings

# The keys of format 1 that were renamed; pages of older packs may have them.
_RENAMED = {"mend": "fix", "not_a_fault": "false_positives"}


def page_of(rule: str, settings: Settings) -> dict[str, Any]:
    """The page of a rule. Raises UsageError that names the nearest rule, PackError for a damaged page."""
    packs = packs_of(settings)
    path = packs.content("findings", f"{rule}.yaml")
    if path is None:
        known = sorted(page.stem for root in packs.roots for page in root.glob("content/findings/*.yaml"))
        raise UsageError(f"there is no page of a rule `{rule}`", hint=nearest(rule, known))
    return read_page(path)


def read_page(path: Path) -> dict[str, Any]:
    """The page in a file, under the present names of its keys; deprecated ones are noted on stderr.

    Raises PackError for a file that is not a page.
    """
    page = read_plain(path)
    for old, new in _RENAMED.items():
        if old in page:
            print(f"{path}: the key `{old}` is deprecated; rename it to `{new}`", file=sys.stderr)
    return {_RENAMED.get(key, key): value for key, value in page.items()}


def titles_of(rules: Iterable[str], settings: Settings) -> dict[str, str]:
    """Rule → the title of its page; the rule's own name where it has none."""
    packs = packs_of(settings)
    found = {}
    for rule in dict.fromkeys(rules):
        path = packs.content("findings", f"{rule}.yaml")
        found[rule] = rule if path is None else str(read_plain(path).get("title", rule))
    return found


def nearest(rule: str, known: list[str]) -> str:
    """A hint that names the rule that was probably meant, else all of them."""
    near = get_close_matches(rule, known, n=1, cutoff=0.4)
    return f"did you mean `{near[0]}`?" if near else f"there are {', '.join(sorted(known))}"
