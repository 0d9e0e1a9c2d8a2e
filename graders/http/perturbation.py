"""Answers perturbed on purpose: a suite that meets them may fail a check, but must not break."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from threading import Lock
from typing import Any

from graders.http.message import Answer, Headers

# So few that most checks come far before they meet one.
SHARE = 0.05
_TEXTS = (
    *("", "x", " ", "1", "null", "\0", "\x1b[31m", "\u00fc\U0001f34e", "a\r\nb: c", "x" * 5000, "http://["),
    *("2020-01-01", "2020-01-01T00:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
    *("a.b.c", "e30.W10.e30", "W10.W10.W10", "e30.eyJleHAiOltdfQ.x"),
)
_NUMBERS = (0, -1, 1, 1.5, 1e308, 2**31, 2**63, 10**30, -(2**63) - 1)
_OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [None], [[[]]], {"a": None}, {"id": {}})
_BODIES = (
    *(b"", b"{", b"null", b"[]", b"{}", b"7", b'"text"', b"NaN", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 5000),
    *(b"<html>", b'{"a":1,"a":2}', b'{"id": 1e400}', b'["\\ud800"]', b'{"\\u0000": 1}'),
)
_FIELDS = (
    *("", "x", "-1", ",,,", '"', '""', "W/", "bytes", "application/json;;;=", "1" * 4000),
    *("http://[", "http://[::1/x", "https://elsewhere.invalid:99999/x", "//", "?", "/\u00fc", "/nowhere"),
    *("<http://[>; rel=next", "<>; rel=next", '<?cursor=>; rel="next"'),
)
_STATUSES = (200, 201, 204, 205, 206, 299, 301, 304, 400, 401, 404, 409, 412, 422, 428, 429, 500, 503, 599)


class Perturbation:
    """Perturbs some of the answers that pass through it.

    What becomes of an answer follows from the seed, its request, and how often that was made; from nothing else.
    """

    def __init__(self, seed: int, share: float = SHARE) -> None:
        self._seed = seed
        self._share = share
        self._asked: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def __call__(self, answer: Answer) -> Answer:
        asked = (answer.request.method, answer.request.target)
        with self._lock:
            self._asked[asked] += 1
            rng = random.Random(f"{self._seed} {asked} {self._asked[asked]}")
        return odd_answer(answer, rng) if rng.random() < self._share else answer


def odd_answer(answer: Answer, rng: random.Random) -> Answer:
    """The answer with one thing changed: its status, a header, the whole body, or a spot in the body's JSON."""
    kind = rng.random()
    if kind < 0.12:
        status = rng.choice(_STATUSES)
        return replace(answer, status=status, body=b"" if status in (204, 205, 304) else answer.body)
    if kind < 0.3:
        return replace(answer, headers=_odd_headers(answer.headers, rng))
    if kind < 0.4 or not answer.body:
        return replace(answer, body=rng.choice(_BODIES))
    try:
        return replace(answer, body=json.dumps(_perturbed(json.loads(answer.body), rng)).encode())
    except ValueError:
        return replace(answer, body=rng.choice(_BODIES))


def _odd_headers(headers: Headers, rng: random.Random) -> Headers:
    """One header removed, doubled, or with another value."""
    if not headers.fields:
        return headers
    fields = list(headers.fields)
    name, value = fields.pop(rng.randrange(len(fields)))
    other = (name, rng.choice(_FIELDS))
    return Headers(fields + rng.choice([[], [other], [other], [(name, value), other]]))


def _perturbed(value: Any, rng: random.Random) -> Any:
    """The JSON value with one member perturbed, more often a nested one than at the top."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(sorted(value))
        if rng.random() < 0.2:
            return {other: inner for other, inner in value.items() if other != name}
        return {**value, name: _perturbed(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        return _odd_list(value, rng)
    alike = _TEXTS if isinstance(value, str) else _NUMBERS
    return rng.choice(rng.choice([_TEXTS, _NUMBERS, _OTHERS, alike]))


def _odd_list(values: list[Any], rng: random.Random) -> list[Any]:
    """An entry removed, one doubled, one added, or (mostly) one perturbed."""
    spot = rng.randrange(len(values))
    before, after = values[:spot], values[spot + 1 :]
    match rng.randrange(7):
        case 0:
            return before + after
        case 1:
            return [*values, values[spot]]
        case 2:
            return [*values, rng.choice(_OTHERS)]
    return [*before, _perturbed(values[spot], rng), *after]
