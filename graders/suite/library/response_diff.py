"""Whether two answers can be distinguished: status, headers and body, with ids and dates left out."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence

from graders.http.client import Answer

# They differ from one request to the next whoever asks, or repeat what the body says already.
_APART = {
    "date", "content-length", "x-request-id", "request-id", "x-correlation-id", "x-trace-id", "traceparent",
    "x-response-time", "x-process-time", "server-timing", "age", "connection", "keep-alive",
}  # fmt: skip
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONG_ID = re.compile(r"(?=[\w-]*\d)[\w-]{16,}")
_NUMBER = re.compile(r"\d+")


def differences(one: Answer, other: Answer, *, sent: Sequence[tuple[str, str]] = ()) -> tuple[str, ...]:
    """How the answers differ, in words; empty where they cannot be distinguished.

    `sent`: pairs of values that went with the first and the second request and may be echoed, e.g. two emails.
    """
    found = []
    if one.status != other.status:
        found.append(f"the statuses are {one.status} and {other.status}")
    ours, theirs = ([pair[side] for pair in sent] for side in (0, 1))
    found += _header_differences(_headers(one, ours), _headers(other, theirs))
    if _body(one, ours) != _body(other, theirs):
        found.append(f"the bodies are {_excerpt(one)} and {_excerpt(other)}")
    return tuple(found)


def _headers(answer: Answer, echoes: Sequence[str]) -> dict[str, str]:
    return {
        name: _without_ids(answer.headers[name], echoes) if name != "set-cookie" else ""
        for name in answer.headers
        if name not in _APART
    }


def _header_differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [
        f"the header {name} is {one.get(name, 'absent')!r} and {other.get(name, 'absent')!r}"
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    ]


def _body(answer: Answer, echoes: Sequence[str]) -> str:
    text = answer.text
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False)
    return _without_ids(text, echoes)


def _without_ids(text: str, echoes: Sequence[str]) -> str:
    for echo in sorted(echoes, key=len, reverse=True):
        if echo:
            text = re.sub(re.escape(echo), "…", text, flags=re.IGNORECASE)
    for pattern in (_UUID, _LONG_ID, _NUMBER):
        text = pattern.sub("#", text)
    return text


def _excerpt(answer: Answer) -> str:
    text = " ".join(answer.text.split())
    return repr(text if len(text) <= 160 else text[:160] + "…")
