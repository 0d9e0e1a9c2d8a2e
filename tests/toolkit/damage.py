"""Accidents that befall files, chosen by a random generator that the caller seeds."""

from __future__ import annotations

import random
from typing import Any

# What decoders, parsers and terminals stumble over.
_TOKENS = (
    b"\0", b"\r", b"\r\n", b"\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3\x28", b"\xed\xa0\x80", b'"', b"'", b"\\",
    b"\\ud800", b"null", b"true", b"[]", b"{}", b"-1", b"1e999", b"NaN", b"9" * 400, b"99999999999999999999",
    b"[" * 3000, b'{"Plans":[' * 400, b": ", b"- ", b"&a [*a]", b"!!python/object:os.system", b"%", b"\x1b[2J",
    b"\xe2\x80\xae", b"$$", b"2026-13-45 99:99:99.999 UTC", b",,,,,", b"\t", b"#", b"0x", b"1_000", b"2026-01-01",
    b"<<: ", b"? ",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, 10**30, "", "\ud800", "\0", "x" * 5000, [], {}, [None], {"a": None}, [[[[]]]],
    "2026-13-45", 2**63,
)  # fmt: skip


def damaged(raw: bytes, rng: random.Random) -> bytes:
    """The bytes after one to three random accidents."""
    for _ in range(rng.randint(1, 3)):
        raw = rng.choice(_ACCIDENTS)(raw, rng)
    return raw


def _flipped(raw: bytes, rng: random.Random) -> bytes:
    found = bytearray(raw)
    for _ in range(rng.randint(1, 8)):
        if found:
            found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def _cut(raw: bytes, rng: random.Random) -> bytes:
    begin = rng.randrange(len(raw) + 1)
    return raw[:begin] + raw[begin + rng.choice((1, 10, 200, len(raw))) :]


def _doubled(raw: bytes, rng: random.Random) -> bytes:
    begin = rng.randrange(len(raw) + 1)
    part = raw[begin : begin + rng.choice((1, 30, 300))]
    return raw[:begin] + part * rng.choice((2, 3, 50)) + raw[begin:]


def _with_token(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + rng.choice(_TOKENS) + raw[at + rng.choice((0, 0, 1, 5)) :]


def _shuffled(raw: bytes, rng: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    for _ in range(5):
        if lines:
            lines.insert(rng.randrange(len(lines)), lines.pop(rng.randrange(len(lines))))
    return b"".join(lines)


def _recoded(raw: bytes, rng: random.Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-16", "utf-32", "utf-8-sig")))


def _emptied(_: bytes, rng: random.Random) -> bytes:
    return rng.choice((b"", b"\n", b" ", b"\0", rng.randbytes(200)))


_ACCIDENTS = (
    _flipped, _flipped, _cut, _cut, _doubled, _with_token, _with_token, _with_token, _shuffled, _recoded, _emptied
)  # fmt: skip


def changed(value: Any, rng: random.Random) -> Any:
    """A JSON value of which one part, anywhere, is another value or missing."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        if rng.random() < 0.1:
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        return [*value[:at], changed(value[at], rng), *value[at + 1 :]]
    return rng.choice(_VALUES)
