"""The headers of a tar file (ustar, pax, GNU's long names), read strictly."""

from __future__ import annotations

import os
from dataclasses import dataclass

from graders.submission.intake.compression import ByteStream
from graders.submission.intake.limits import Budget
from graders.submission.intake.rejection import Code, Rejected

BLOCK = 512
_LONGEST_EXTENSION = 64 * 1024
_FILES, _FOLDER = (b"\0", b"0", b"7"), b"5"
_REFUSED: dict[bytes, tuple[Code, str]] = {
    b"1": ("link-not-allowed", "is a hard link"),
    b"2": ("link-not-allowed", "is a link"),
    b"3": ("special-file", "is a device"),
    b"4": ("special-file", "is a device"),
    b"6": ("special-file", "is a pipe"),
    b"S": ("sparse-file", "is a file with holes"),
}


@dataclass(frozen=True, slots=True)
class TarMember:
    """One member: its name (bytes that are not UTF-8 as surrogate escapes), type, size in bytes and mode."""

    name: str
    kind: bytes
    size: int
    mode: int

    @property
    def is_folder(self) -> bool:
        # Before there were types, a name that ended with a slash was one.
        return self.kind == _FOLDER or (self.kind == b"\0" and self.name.endswith("/"))

    def must_be_allowed(self) -> None:
        """Raises Rejected for anything but a regular file and a directory."""
        if self.kind in _REFUSED:
            code, what = _REFUSED[self.kind]
            raise Rejected(code, f"the member `{self.name}` {what}")
        if self.kind not in (*_FILES, _FOLDER):
            kind = self.kind.decode("latin-1")
            raise Rejected("unsupported-format", f"the member `{self.name}` has the unknown type `{kind}`")


def next_member(stream: ByteStream, budget: Budget) -> TarMember | None:
    """The next member's header, with what extends it; None at the end of the archive."""
    extended: dict[str, str] = {}
    while True:
        block = stream.exactly(BLOCK)
        if not block.strip(b"\0"):
            return None
        budget.member()
        member = _header(block)
        if member.kind not in b"xgLK":
            return _with(member, extended)
        if member.size > _LONGEST_EXTENSION:
            raise Rejected("malformed-archive", f"a header is extended by {member.size} bytes")
        content = stream.exactly(member.size)
        stream.exactly(-member.size % BLOCK)
        extended |= _extension(member.kind, content)


def _header(block: bytes) -> TarMember:
    _check_sum(block)
    name = _text(block[:100])
    # GNU's older format has other fields where ustar has the prefix.
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    return TarMember(name, block[156:157], _number(block[124:136]), _number(block[100:108]))


def _check_sum(block: bytes) -> None:
    unsigned = sum(block[:148]) + sum(block[156:]) + 8 * 0x20
    # Some old tools summed signed characters.
    high = sum(byte > 127 for byte in block[:148] + block[156:])
    if _number(block[148:156]) not in (unsigned, unsigned - 256 * high):
        raise Rejected("malformed-archive", "a header has a wrong checksum, so it is not a tar file")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40:
            raise Rejected("malformed-archive", "a header holds a negative number")
        return value
    digits = field.strip(b" \0")
    if any(digit not in b"01234567" for digit in digits):
        raise Rejected("malformed-archive", "a header holds a number that cannot be read")
    return int(digits or b"0", 8)


def _text(field: bytes) -> str:
    return os.fsdecode(field.split(b"\0", 1)[0])


def _extension(kind: bytes, content: bytes) -> dict[str, str]:
    if kind in b"LK":
        return {"path": os.fsdecode(content.rstrip(b"\0"))} if kind == b"L" else {}
    records = _pax_records(content)
    if kind == b"g" and {"path", "size"} & records.keys():
        raise Rejected("lying-header", "a header for all members sets a name or a size")
    return {} if kind == b"g" else records


def _pax_records(content: bytes) -> dict[str, str]:
    """`LENGTH KEY=VALUE` lines, of which the length counts everything."""
    records: dict[str, str] = {}
    while content:
        length, space, _ = content.partition(b" ")
        if not space or not length.isdigit() or len(length) > 6:
            raise Rejected("malformed-archive", "an extended header is damaged")
        line, content = content[: int(length)], content[int(length) :]
        key, equals, value = line[len(length) + 1 : -1].partition(b"=")
        if not equals or line[-1:] != b"\n" or len(line) != int(length):
            raise Rejected("malformed-archive", "an extended header is damaged")
        records[os.fsdecode(key)] = os.fsdecode(value)
    return records


def _with(member: TarMember, extended: dict[str, str]) -> TarMember:
    name = extended.get("path", member.name)
    if any(key.startswith("GNU.sparse.") for key in extended):
        raise Rejected("sparse-file", f"the member `{name}` is a file with holes")
    size = extended.get("size")
    if size is not None and not (size.isascii() and size.isdigit() and len(size) < 20):
        raise Rejected("malformed-archive", f"the size of `{name}` cannot be read")
    return TarMember(name, member.kind, member.size if size is None else int(size), member.mode)
