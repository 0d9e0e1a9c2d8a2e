"""Text that came from elsewhere, made fit for a terminal: escaped, measured, wrapped."""

from __future__ import annotations

import unicodedata

# Signs that change the direction or the look of what stands beside them.
_INVISIBLE = {"Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp"}


def escape(text: str, *, keep_newlines: bool = False) -> str:
    """`text` with each control, direction or unassigned sign written out (`\\x1b`, `\\u202e`)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if _is_plain(sign, keep_newlines) else _written_out(sign) for sign in text)


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


def pad(text: str, columns: int) -> str:
    """`text` filled up with spaces at the end."""
    return text + " " * max(0, columns - width(text))


def _wrap_paragraph(paragraph: str, columns: int) -> list[str]:
    lines, line = [], ""
    for word in paragraph.split():
        while width(word) > columns:
            room = columns - width(line) - 1 if line else columns
            if room < 8 and line:
                lines.append(line)
                line = ""
                continue
            head, word = _split_at(word, room)
            lines.append(f"{line} {head}" if line else head)
            line = ""
        if line and width(line) + 1 + width(word) > columns:
            lines.append(line)
            line = word
        elif word:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line or not lines else lines


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


def _is_plain(sign: str, keep_newlines: bool) -> bool:
    if sign == "\n":
        return keep_newlines
    return unicodedata.category(sign) not in _INVISIBLE


def _written_out(sign: str) -> str:
    if sign == "\t":
        return "  "
    named = {"\n": "\\n", "\r": "\\r"}
    if sign in named:
        return named[sign]
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
