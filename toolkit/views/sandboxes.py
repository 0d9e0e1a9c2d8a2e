"""What the sandboxes of a machine keep, as a table and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from graders.sandbox.promises import Promise
from toolkit.text import escape, wrap
from toolkit.views.paint import Paint

if TYPE_CHECKING:
    from toolkit.sandboxes import SandboxState

_SIGNS = {
    "verified": ("passed", "green"),
    "not available": ("skipped", "yellow"),
    "failed": ("failed", "red"),
}
_INDENT = " " * 4


def render_sandboxes(found: list[SandboxState], paint: Paint) -> str:
    """One table for each sandbox, with the way to get what is missing."""
    lines = [line for one in found for line in (*_sandbox(one, paint), "")]
    confining = [one.name for one in found if one.confines]
    last = (
        f"Untrusted code runs in: {', '.join(confining)} (`kata test --untrusted`)."
        if confining
        else "No sandbox of this machine may run untrusted code."
    )
    return "\n".join([*lines, *wrap(last, paint.width)])


def _sandbox(one: SandboxState, paint: Paint) -> list[str]:
    head = paint(f"{one.name} {one.tier}".rstrip(), "bold")
    if one.problem:
        return [head, *_indented(f"not available: {one.problem}", paint), *_indented(one.fix, paint, "arrow")]
    if not one.promises:
        return [head, *_indented("promises nothing but time limits and the end of every process", paint)]
    return [head, *(line for promise in one.promises for line in _promise(promise, paint))]


def _promise(promise: Promise, paint: Paint) -> list[str]:
    sign, style = _SIGNS[promise.state]
    first, *rest = wrap(promise.promise, paint.width - 32)
    lines = [f"  {paint(paint.sign(sign), style)} {promise.name:<12} {promise.state:<14} {first}"]
    lines += [" " * 32 + line for line in rest]
    for text in (promise.found, promise.fix):
        lines += _indented(text, paint, "arrow")
    return lines


def _indented(text: str, paint: Paint, sign: str = "") -> list[str]:
    if not text:
        return []
    lead = f"{paint.sign(sign)} " if sign else ""
    return [f"{_INDENT}{lead}{line}" for line in wrap(escape(text), paint.width - 8)]


def sandboxes_as_json(found: list[SandboxState]) -> str:
    """`{format, sandboxes: [{name, tier, confines, problem, fix, promises}]}`."""
    entries = [{**asdict(one), "confines": one.confines} for one in found]
    return json.dumps({"format": 1, "sandboxes": entries}, indent=2, ensure_ascii=False)
