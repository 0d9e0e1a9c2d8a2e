"""Records to plain JSON values and back: the one codec of reports and of messages between processes.

The text is the standard library's JSON, because it also carries what a foreign service may have said (a lone
surrogate, NaN); msgspec reads the values as records and checks every type.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Record = TypeVar("Record")


class CodecError(ValueError):
    """Values that are not the record they should be; the message has the place, as in `$.checks[0].id`."""


def to_plain(record: object) -> Any:
    """The record as JSON values: dicts, lists, texts, numbers, booleans and None. What JSON has not becomes text."""
    return json.loads(_text_of(record))


def from_plain(plain: object, kind: type[Record]) -> Record:
    """The record that `to_plain` was given. Unknown names are ignored, absent ones take the record's defaults.

    Raises CodecError for anything that does not fit `kind`, however it is nested.
    """
    try:
        return msgspec.convert(plain, kind, dec_hook=_special)
    except UnicodeEncodeError as error:
        # A lone surrogate where no text belongs, which the message cannot quote.
        raise CodecError(f"not a text that can be written: {error.reason}") from None
    except (msgspec.ValidationError, RecursionError) as error:
        raise CodecError(str(error)) from None


def encode(record: object) -> bytes:
    """One message: the record with the name of its class, as a line of JSON."""
    return f"[{json.dumps(type(record).__name__)}, {_text_of(record)}]\n".encode()


def decode(line: bytes, *kinds: type[Record]) -> Record:
    """The message that `encode` made, of one of these classes. Raises CodecError for anything else."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from None
    if not isinstance(message, list) or len(message) != 2:
        raise CodecError("not a pair of a name and a record")
    for kind in kinds:
        if kind.__name__ == message[0]:
            return from_plain(message[1], kind)
    expected = ", ".join(kind.__name__ for kind in kinds)
    raise CodecError(f"{message[0]!r} where {expected} was expected"[:500])


def _text_of(record: object) -> str:
    return json.dumps(msgspec.to_builtins(record, str_keys=True, enc_hook=str))


def _special(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"no reading of {kind.__name__}")
