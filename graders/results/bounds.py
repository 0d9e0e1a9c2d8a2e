"""Plain values of which a report can hold any number: texts, lists and nesting cut to a budget of characters."""

from __future__ import annotations

from typing import Any

_DEEPEST = 12
_SHORTEST = 20


def bounded(value: Any, budget: int) -> Any:
    """`value` (JSON's kinds) with at most about `budget` characters of text; what is cut says so, or is left out."""
    return _bounded(value, [budget], 0)


def _bounded(value: Any, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if isinstance(value, str):
        return _text(value, left)
    if isinstance(value, list | tuple):
        return [_bounded(inner, left, depth + 1) for inner in value if left[0] > 0 and depth < _DEEPEST]
    if isinstance(value, dict):
        kept = {}
        for name, inner in value.items():
            if left[0] > 0 and depth < _DEEPEST:
                kept[_text(str(name), left)] = _bounded(inner, left, depth + 1)
        return kept
    return value


def _text(text: str, left: list[int]) -> str:
    most = max(left[0], _SHORTEST)
    left[0] -= min(len(text), most)
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters)"
