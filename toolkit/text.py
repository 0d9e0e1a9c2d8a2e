"""Text that came from elsewhere, made fit for a terminal: escaped, measured, wrapped."""

from __future__ import annotations

import unicodedata


def escape(text: str, *, keep_newlines: bool = False) -> str:
    """`text` with everything that a terminal would act upon written out; tabs become spaces."""
    if text.isascii() and text.isprintable():
        return text
    from graders.escape import sanitize

    return sanitize(text.expandtabs(4), one_line=not keep_newlines)


def width(text: str) -> int:
    """Columns that `text` takes in a terminal, without regard to escape sequences."""
    if text.isascii():
        return len(text)
    return sum(_sign_width(sign) for sign in text)


def shorten(text: str, columns: int) -> str:
    """`text`, cut at the end to `columns` where it is wider."""
    if width(text) <= columns:
        return text
    kept, used = [], 0
    for sign in text:
        used += _sign_width(sign)
        if used > columns - 1:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + "…"


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most `columns`, broken at spaces; a word that is longer is broken anywhere."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        lines.extend(_wrap_paragraph(paragraph, max(columns, 8)))
    return lines


def cut(text: str, columns: int) -> list[str]:
    """`text` in pieces of `columns`, for what has no words."""
    return _pieces(text, columns)


def pad(text: str, columns: int) -> str:
    """`text` filled up with spaces at the end."""
    return text + " " * max(0, columns - width(text))


def number(value: float) -> str:
    """A count with its thousands apart; a fraction keeps two digits."""
    return f"{round(value):,}" if float(value).is_integer() else f"{value:,.2f}"


def _wrap_paragraph(paragraph: str, columns: int) -> list[str]:
    lines, line = [], ""
    for word in (piece for long in paragraph.split() for piece in _pieces(long, columns)):
        if line and width(line) + 1 + width(word) > columns:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _pieces(word: str, columns: int) -> list[str]:
    pieces = []
    while width(word) > columns:
        head, word = _split_at(word, columns)
        pieces.append(head)
    return [*pieces, word]


def _split_at(word: str, columns: int) -> tuple[str, str]:
    used = 0
    for index, sign in enumerate(word):
        used += _sign_width(sign)
        if used > columns:
            return word[:index], word[index:]
    return word, ""


def _sign_width(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
