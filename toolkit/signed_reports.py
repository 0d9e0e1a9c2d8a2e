"""Reports in files: JSON, or the HTML page that carries its JSON; signed or not."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from graders.errors import UsageError
from graders.results.document import to_document
from graders.results.grade import Grade
from toolkit.settings import Settings

LARGEST = 64_000_000
# The element of the page that holds the signed report, as base64: no reader changes that.
EMBEDDED = "signed-report"


def sign(grade: Grade, key: str | None, settings: Settings) -> dict[str, Any]:
    """The report of the grade, signed with the key whose id starts with `key` (None: the only one)."""
    from graders.results.signature import signed
    from toolkit.keys import key_named, private_key

    return signed(to_document(grade), private_key(key_named(key, settings)))


def as_text(document: Mapping[str, Any]) -> str:
    """The document as people read JSON; the signature holds however it is written."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def embedded(document: Mapping[str, Any]) -> str:
    """The document as the page carries it."""
    return base64.b64encode(json.dumps(document, ensure_ascii=False).encode()).decode()


def read_report(path: Path) -> dict[str, Any]:
    """The document in the file. Raises UsageError for a file that holds no report."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint="name the report's file") from None
    if len(raw) > LARGEST:
        raise UsageError(f"{path} is larger than any report", hint="name the report's file")
    document = _parsed(_from_page(raw) if raw.lstrip()[:1] == b"<" else raw)
    if not isinstance(document, dict) or "format" not in document:
        raise UsageError(
            f"{path} holds no report of kata",
            hint="name JSON of `kata test --json`, or a page of `kata report`",
        )
    return document


def _parsed(raw: bytes) -> object:
    from graders.http.strict_json import JsonError, parse

    try:
        # A name that is there twice would be read in two ways.
        return parse(raw)
    except JsonError:
        return None


def _from_page(raw: bytes) -> bytes:
    reader = _Embedded()
    reader.feed(raw.decode("utf-8", "replace"))
    try:
        return base64.b64decode("".join(reader.found), validate=True)
    except (binascii.Error, ValueError):
        return b""


class _Embedded(HTMLParser):
    """Collects the text of the element with the id."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = dict(attrs).get("id") == EMBEDDED

    def handle_endtag(self, _tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found.append(data)
