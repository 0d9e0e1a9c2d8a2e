"""JSON read strictly: what two parsers could read differently is an error with a name, never a guess."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from graders.escape import sanitize

MAX_DEPTH = 200
_MAX_DIGITS = 4000
_STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonError(ValueError):
    """Text that is not strict JSON; `code` is e.g. `duplicate-key`, the message a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse(body: bytes) -> Any:
    """The value in `body` (RFC 8259, UTF-8). Raises JsonError.

    Refused as well as bad grammar: byte order marks, NaN and infinities (also by overflow), a name twice in one
    object, lone surrogates, more than 200 levels, integers of more than 4000 digits.
    """
    text = _decode(body)
    _check_depth(text)
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_int,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        around = sanitize(text[max(0, error.pos - 20) : error.pos + 20], one_line=True)
        raise JsonError(
            "not-json",
            f"it is not JSON: {error.msg} at line {error.lineno} column {error.colno}, near `{around}`",
        ) from None
    if _SURROGATE.search(text):
        _check_surrogates(value)
    return value


def _decode(body: bytes) -> str:
    if not body.strip():
        raise JsonError("empty-body", "it is empty, so it is not JSON")
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise JsonError("byte-order-mark", "it starts with a byte order mark, which JSON forbids")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError(
            "not-utf-8", f"it is not UTF-8: byte 0x{body[error.start]:02x} at {error.start}"
        ) from None


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _STRUCTURE.finditer(text):
        token = match.group()
        if token in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonError("too-deep", f"it is nested more than {MAX_DEPTH} levels deep")
        elif token in ("]", "}"):
            depth -= 1


def _refuse_constant(name: str) -> Any:
    raise JsonError("not-a-number", f"it holds {name}, which is not JSON")


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise JsonError(
            "number-too-large", f"it holds the number {sanitize(digits, limit=40)}, which no double can hold"
        )
    return value


def _int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise JsonError("number-too-large", f"it holds an integer of {len(digits)} digits")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name, count in times.items() if count > 1)
        raise JsonError(
            "duplicate-key",
            f"the name `{sanitize(twice, limit=80, one_line=True)}` is duplicated in one object",
        )
    return found


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise JsonError("lone-surrogate", "a string in it holds half of a surrogate pair") from None
