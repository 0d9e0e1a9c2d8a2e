"""Whether a secret is anywhere in the database, in an answer or in a log, in any usual encoding."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from psycopg import sql

from graders.backing.postgres.session import Database

FAST_HASHES = (
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s",
)  # fmt: skip
# What separates a password and its salt, where anything does.
_JOINTS = (b"", b":", b"$", b"|", b".")
# This many bytes of a digest differ from chance even among millions; a shortened fingerprint counts too.
_TELLING = 8

_HEX = re.compile(rb"[0-9A-Fa-f]{16,}")
_BASE32 = re.compile(rb"[A-Z2-7]{13,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{11,}|[A-Za-z0-9_-]{11,}")
_PIECES = re.compile(rb"[$:;.,|\s]+")

_TABLES = """
select n.nspname as schema, c.relname as name
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """One value of one row, as PostgreSQL prints it (bytea: the bytes themselves). `row` counts from 1."""

    table: str
    column: str
    row: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Find:
    """A secret that was found: which one, where, and in which disguise (`in clear`, `sha256`, ...)."""

    secret: str
    where: str
    how: str


def tables(database: Database) -> tuple[tuple[str, str], ...]:
    """Schema and name of every ordinary table that is not PostgreSQL's own."""
    return tuple((row["schema"], row["name"]) for row in database.rows(_TABLES))


def read_cells(database: Database) -> tuple[StoredValue, ...]:
    """Every value that is not null, of every column of every table.

    Nothing is cast, so that no function of the service's role runs in the grader's session.
    """
    cells: list[StoredValue] = []
    with database.connect() as connection:
        for schema, name in tables(database):
            query = sql.SQL("select * from only {}").format(sql.Identifier(schema, name))
            result = connection.execute(query).pgresult
            assert result is not None
            table = name if schema == "public" else f"{schema}.{name}"
            for row in range(result.ntuples):
                for column in range(result.nfields):
                    value = result.get_value(row, column)
                    if value is not None:
                        field = (result.fname(column) or b"").decode("utf-8", "replace")
                        cells.append(
                            StoredValue(table, field, row + 1, _plain(bytes(value), result.ftype(column)))
                        )
    return tuple(cells)


def _plain(value: bytes, type_oid: int) -> bytes:
    return bytes.fromhex(value[2:].decode()) if type_oid == 17 and value[:2] == b"\\x" else value


def rows_about(cells: Sequence[StoredValue], *marks: object) -> tuple[StoredValue, ...]:
    """The cells of every row in which some value equals one of `marks` (an id, an email), printed as text."""
    wanted = {str(mark).lower().encode() for mark in marks}
    rows = {(cell.table, cell.row) for cell in cells if cell.value.lower() in wanted}
    return tuple(cell for cell in cells if (cell.table, cell.row) in rows)


def salts_in(cells: Iterable[StoredValue], extra: Iterable[bytes] = ()) -> tuple[bytes, ...]:
    """What a hash may have been salted with: the values, their pieces between separators, and what these encode."""
    found: dict[bytes, None] = dict.fromkeys(extra)
    for cell in cells:
        for piece in (cell.value, *_PIECES.split(cell.value)):
            found.update(dict.fromkeys(view for view in views(piece) if 0 < len(view) <= 256))
            if piece and len(piece) <= 128:
                found[piece.hex().encode()] = None
    return tuple(found)


def views(value: bytes) -> Iterator[bytes]:
    """The value unchanged, and what it holds in hex, base64, base32 or percent signs."""
    yield value
    if b"%" in value:
        yield unquote_to_bytes(value)
    for run in _HEX.findall(value):
        for start in (0, 1):
            yield bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2].decode())
    for run in _BASE64.findall(value):
        standard = run.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            yield from _decoded(base64.b64decode, standard[start:], 4)
    for run in _BASE32.findall(value):
        yield from _decoded(base64.b32decode, run, 8)


def _decoded(decode: object, run: bytes, group: int) -> Iterator[bytes]:
    left = len(run) % group
    padded = run + b"=" * (-len(run) % group)
    for attempt in (padded, run[: len(run) - left]):
        try:
            yield decode(attempt)  # type: ignore[operator]
            return
        except (binascii.Error, ValueError):
            continue


def fast_hashes(secret: bytes, salts: Iterable[bytes] = ()) -> dict[bytes, str]:
    """The beginning of every quick fingerprint of the secret, and how it was made.

    Plain, before and after each salt, and as HMAC keyed by each salt or by the secret.
    """
    found: dict[bytes, str] = {}
    for name in FAST_HASHES:
        found[hashlib.new(name, secret).digest()[:_TELLING]] = name
    for salt in salts:
        if salt == secret or not salt:
            continue
        for name in FAST_HASHES:
            for joint in _JOINTS:
                for text in (salt + joint + secret, secret + joint + salt):
                    found.setdefault(hashlib.new(name, text).digest()[:_TELLING], f"salted {name}")
            found.setdefault(hmac.digest(salt, secret, name)[:_TELLING], f"HMAC-{name}")
            found.setdefault(hmac.digest(secret, salt, name)[:_TELLING], f"HMAC-{name} keyed by it")
    return found


def find_in_cells(
    cells: Iterable[StoredValue], secrets: Mapping[str, str], fingerprints: Mapping[bytes, str] | None = None
) -> tuple[Find, ...]:
    """Where one of `secrets` (name -> secret) occurs in clear or encoded, or one of `fingerprints` does."""
    finds: dict[Find, None] = {}
    sought = {name: secret.encode() for name, secret in secrets.items()}
    prefixes = fingerprints or {}
    shortest = min([_TELLING, *(len(secret) for secret in sought.values())])
    for value, places in _by_value(cells).items():
        if len(value) < shortest:
            continue
        for index, view in enumerate(views(value)):
            where = f"{places.table}.{places.column}"
            for name, secret in sought.items():
                if secret in view:
                    finds[Find(name, where, "encoded" if index else "in clear")] = None
            finds.update((Find("", where, how), None) for how in _prefixes_in(view, prefixes))
    return tuple(finds)


def _by_value(cells: Iterable[StoredValue]) -> dict[bytes, StoredValue]:
    found: dict[bytes, StoredValue] = {}
    for cell in cells:
        found.setdefault(cell.value, cell)
    return found


def _prefixes_in(view: bytes, prefixes: Mapping[bytes, str]) -> Iterator[str]:
    if prefixes:
        for start in range(len(view) - _TELLING + 1):
            how = prefixes.get(view[start : start + _TELLING])
            if how is not None:
                yield how


_INSIDES = {
    "a stack trace": re.compile(
        r"Traceback \(most recent call last\)|^\s+File \"[^\"]+\", line \d+|^\s+at \S.*[(:]\S+:\d+(:\d+)?\)?$"
        r"|goroutine \d+ \[",
        re.MULTILINE,
    ),
    "SQL": re.compile(
        r"\bselect\s+\S+\s+from\s+\S+\s+(?:where|join|order|limit)\b"
        r"|\bselect\s+(?:distinct\s+)?(?:\*|\w+\(|\"?\w+\"?\s*[.,]).{0,400}?\bfrom\b\s+\"?\w"
        r"|\binsert\s+into\b\s+\"?\w|\bupdate\b\s+\S+\s+set\b\s+\S+\s*="
        r"|\bdelete\s+from\b\s+\"?\w|SQLSTATE|syntax error at or near|violates (unique|foreign key|check|not-null)"
        r"|psycopg2?\.\w|sqlalchemy\.\w|\bPG::\w|\bSequelize\w*Error",
        re.IGNORECASE | re.DOTALL,
    ),
    "a file's path": re.compile(r"(?:/[\w.@-]+){2,}\.(?:py|js|mjs|cjs|ts|rb|go|java|kt|rs|php|cs)\b"),
    "a password hash": re.compile(
        r"\$(?:argon2(?:id|i|d)|2[abxy]|scrypt|pbkdf2[\w-]*|s1|7|6|5|y)\$[\w./+=,$-]{8,}"
        r"|\bpbkdf2[_:]sha\d+[$:]\d+|\bscrypt[:$]\d+[:$]"
    ),
}


def insides_in(text: str) -> tuple[tuple[str, str], ...]:
    """What of the inside a text shows: (`a stack trace`, `SQL`, `a file's path` or `a password hash`, the place)."""
    found = []
    for name, pattern in _INSIDES.items():
        match = pattern.search(text)
        if match:
            found.append((name, " ".join(text[max(0, match.start() - 20) : match.end() + 40].split())))
    return tuple(found)


def line_with(name: str, text: str, secrets: Mapping[str, str]) -> str:
    """The first line of the text that holds the secret of that name, cut around it. Secrets that occur there
    in clear are masked by their names."""
    line = next((line for line in text.splitlines() if secrets_in(line.encode(), {name: secrets[name]})), "")
    for known, secret in secrets.items():
        line = line.replace(secret, f"<{known}>")
    start = max(0, line.find(f"<{name}>") - 80)
    return " ".join(line[start : start + 200].split()) or "over more than one line"


def secrets_in(text: bytes, secrets: Mapping[str, str]) -> tuple[str, ...]:
    """The names of those secrets that occur in the text, in clear or encoded."""
    sought = {name: secret.encode() for name, secret in secrets.items()}
    found: dict[str, None] = {}
    for view in views(text):
        found.update((name, None) for name, secret in sought.items() if secret in view)
    return tuple(found)
