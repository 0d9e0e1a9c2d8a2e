"""PostgreSQL's messages in other languages (`lc_messages`), put back into English.

The translations are those of PostgreSQL's own catalogs, in translations.json: for each language, each English message
with the words that stood for it in some version. Only what the assembler reads is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

SEVERITIES = ("DEBUG", "LOG", "INFO", "NOTICE", "WARNING", "ERROR", "FATAL", "PANIC")
PARTS = ("DETAIL", "HINT", "QUERY", "CONTEXT", "LOCATION", "STATEMENT", "BACKTRACE")
_WORDS = ("execute", "execute fetch from")
# The messages with `execute` in a place of its own; the number of that place, from 0.
_EXECUTING = {"%s %s%s%s: %s": 0, "duration: %s ms  %s %s%s%s: %s": 1}
_MOST_PLACES = 10
_PORTALS = ("unnamed portal", 'portal "%s"')
_PLACE = re.compile(r"%(?:(\d+)\$)?[-0-9.]*l?[sdu]")


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    english: str


def severity_in_english(word: str) -> str:
    """`FEHLER` is ERROR and `DÉTAIL` is DETAIL; "" for a word that no catalog has."""
    return _severities().get(word, "")


def severity_words() -> tuple[str, ...]:
    """The words of other languages for severities and for the parts of an entry, without the colon."""
    return tuple(_severities())


def message_in_english(message: str) -> str:
    """The English form of a message about a statement or of an error; "" where no catalog has it."""
    for template in _templates().get(message[:1], ()):
        match = template.pattern.fullmatch(message)
        if match is not None:
            values = match.groupdict()
            return template.english.format(*(values.get(f"a{place}", "") for place in range(_MOST_PLACES)))
    return ""


def row_in_english(row: dict[str, Any]) -> dict[str, Any] | None:
    """The row with its severity, message and detail in English; None where its message is in no catalog."""
    message = message_in_english(str(row["message"]))
    if not message:
        return None
    detail = message_in_english(row["detail"]) if isinstance(row.get("detail"), str) else ""
    return row | {"message": message} | ({"detail": detail} if detail else {})


def is_of_portal(context: str) -> bool:
    """Whether a context in another language names a portal, as that of a statement which the client sent itself."""
    return any(pattern.match(context) for pattern in _portals())


@lru_cache(maxsize=1)
def _catalogs() -> Mapping[str, Mapping[str, list[str]]]:
    text = Path(__file__).with_name("translations.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, list[str]]] = json.loads(text)
    return found


def _translated(message: str) -> Iterator[str]:
    for catalog in _catalogs().values():
        yield from catalog.get(message, ())


@lru_cache(maxsize=1)
def _severities() -> dict[str, str]:
    found: dict[str, str] = {word: name for name in SEVERITIES for word in _translated(name)}
    for name in PARTS:
        written = f"{name}:  %s, %s:%d\n" if name == "LOCATION" else f"{name}:  "
        for text in _translated(written):
            found[re.split(r"\s*[:：]", text)[0]] = name
    return found


@lru_cache(maxsize=1)
def _templates() -> dict[str, list[_Template]]:
    """By the first character of the message, so that others cost nothing."""
    found: dict[str, list[_Template]] = {}
    for catalog in _catalogs().values():
        for template, first in _templates_of(catalog):
            found.setdefault(first, []).append(template)
            if not first.isascii():
                found.setdefault("\ufffd", []).append(template)
    return found


def _templates_of(catalog: Mapping[str, list[str]]) -> Iterator[tuple[_Template, str]]:
    for english in catalog:
        if english.rstrip(": ").split(":")[0] in (*SEVERITIES, *PARTS, *_WORDS) or english in _EXECUTING:
            continue
        for text in catalog[english]:
            yield _template(text, english), text[:1]
    for english, place in _EXECUTING.items():
        # Without a translation the sentence is the English one, around a translated word.
        for text in catalog.get(english, [english]):
            for word in _WORDS:
                for translated in catalog.get(word, []):
                    yield (
                        _template(text, english, {place: (translated, word)}),
                        (translated if place == 0 else text)[0],
                    )


def _template(text: str, english: str, words: Mapping[int, tuple[str, str]] | None = None) -> _Template:
    pieces, kept = [], 0
    count = len(_PLACE.findall(text))
    for place, match in enumerate(_PLACE.finditer(text)):
        number = int(match[1]) - 1 if match[1] else place
        pieces.append(_literal(text[kept : match.start()]))
        kept = match.end()
        if words and number in words:
            pieces.append(_literal(words[number][0]))
        else:
            pieces.append(f"(?P<a{number}>{_value(english, number, count)})")
    pieces.append(_literal(text[kept:]))
    places = iter(range(count))
    filled = _PLACE.sub(lambda _: _filling(next(places), words), english)
    return _Template(re.compile("".join(pieces), re.DOTALL), filled)


def _filling(number: int, words: Mapping[int, tuple[str, str]] | None) -> str:
    return words[number][1] if words and number in words else f"{{{number}}}"


def _value(english: str, number: int, count: int) -> str:
    if number == 0 and english.startswith("duration: "):
        return r"[\d.]+"
    if number < count - 1 and ("%s%s%s" in english or "parse" in english):
        return r"\S*?"
    return ".*" if number == count - 1 else ".*?"


def _literal(text: str) -> str:
    """Characters outside ASCII may have been lost, where the log is not in UTF-8."""
    return "".join(re.escape(one) if one.isascii() else f"[{one}\ufffd]" for one in text)


@lru_cache(maxsize=1)
def _portals() -> tuple[re.Pattern[str], ...]:
    written = (f"{one} {rest}" for one in _PORTALS for rest in ("with parameters: %s", "parameter $%d"))
    return tuple(_template(text, text).pattern for english in written for text in _translated(english))
