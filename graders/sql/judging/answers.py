"""The contents of an HTTP answer's JSON: its names, values and number of items."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any


def decoded(answer: Any) -> Any:
    """The answer's JSON value: bytes and text are decoded, anything else counts as decoded; None if it is not JSON."""
    if isinstance(answer, bytes | str):
        try:
            return json.loads(answer)
        except ValueError:
            return None
    body = getattr(answer, "body", None)
    return decoded(body) if isinstance(body, bytes) else answer


def names_in(answer: Any) -> frozenset[str]:
    """Every object key at any depth, without case, underscores and hyphens."""
    keys = {key for node in _nodes(answer) if isinstance(node, dict) for key in node}
    return frozenset(plain_name(key) for key in keys)


def plain_name(name: object) -> str:
    """`createdAt`, `created_at` and `Created-At` are the same name."""
    return re.sub(r"[_\-\s]", "", str(name)).lower()


def values_in(answer: Any) -> frozenset[str]:
    """Every string and number at any depth, as text."""
    return frozenset(
        str(node)
        for node in _nodes(answer)
        if isinstance(node, str | int | float) and not isinstance(node, bool)
    )


def things_in(answer: Any) -> int:
    """How many objects and list members the answer has, at any depth: an upper bound of the rows it shows."""
    count = 0
    for node in _nodes(answer):
        if isinstance(node, list):
            count += len(node)
        elif isinstance(node, dict):
            count += 1
    return count


def _nodes(answer: Any) -> Iterator[Any]:
    # JSON holds dicts and lists alone; the abstract classes take four times as long to ask for.
    waiting = [answer]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
