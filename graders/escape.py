"""How foreign text is shown: everything that a terminal would act upon is written out instead."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1, bidirectional marks and overrides, zero-width characters, line separators,
# the byte order mark, interlinear annotations, two noncharacters, lone surrogates, fillers that show nothing,
# tags.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\u00ad\u115f\u1160\u180e\u3164\uffa0\ud800-\udfff\U000e0000-\U000e007f]"
)


def sanitize(text: str | bytes, *, limit: int | None = None, one_line: bool = False) -> str:
    """`text` with control, bidirectional and invisible characters escaped (`\\x1b`, `\\u202e`).

    Bytes are read as UTF-8, what is none becomes U+FFFD. Newlines and tabs stay, unless `one_line`. `limit` is
    the number of characters after which the rest is left out, with a note of how much that was.
    """
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    rest = 0
    if limit is not None and len(plain) > limit:
        plain, rest = plain[:limit], len(plain) - limit
    plain = plain.replace("\r\n", "\n")
    if one_line:
        plain = plain.replace("\n", "\\n").replace("\t", "\\t")
    safe = _UNSAFE.sub(_escaped, plain)
    return f"{safe}… ({rest} more characters)" if rest else safe


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code == 0x0D:
        return "\\r"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
