"""What a copy of the database gives away: passwords and refresh tokens."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from shared_people import (
    BEGINNING,
    Person,
    attempt,
    keep_pair,
    longest,
    must_be,
    refresh,
    register,
    somebody,
    stranger,
)

from graders.suite.api import Client, Database, secret_scan

# 19 MiB, rounded down as the usual recommendation is (19456 KiB).
_ARGON2_KIB = 19 * 1024
_SCRYPT_N = 16_384
_PBKDF2_ROUNDS = 100_000
_ITOA64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def check_passwords_are_hashed_slowly(
    http: Client, database: Database, variables: Mapping[str, str], rng: random.Random
) -> None:
    ann, bob = somebody(http, rng, "ann"), somebody(http, rng, "bob")
    cells = secret_scan.read_cells(database)
    salts = secret_scan.salts_in(
        secret_scan.rows_about(cells, ann.id, ann.email, bob.id, bob.email),
        extra=[value.encode() for value in (*variables.values(), ann.email.lower(), str(ann.id))],
    )
    fingerprints = secret_scan.fast_hashes(ann.password.encode(), salts)
    for find in secret_scan.find_in_cells(cells, {"password": ann.password}, fingerprints):
        what = "the password itself" if find.secret else f"a fast fingerprint of the password ({find.how})"
        raise AssertionError(f"{find.where} holds {what}{', ' + find.how if find.secret else ''}")
    hashes = [_stored(database, person) for person in (ann, bob)]
    for stored in hashes:
        reason = weakness(stored)
        assert not reason, f"users.password_hash is {_shortened(stored)}: {reason}"
    assert hashes[0] != hashes[1], "two people with the same password have the same password_hash"
    salt = set(_runs(hashes[0])) & set(_runs(hashes[1]))
    assert not salt, f"the hashes of two people share the salt {salt.pop()!r}"


def check_passwords_are_hashed_slowly__to_the_last_character(http: Client, rng: random.Random) -> None:
    long = longest(http, rng)
    # 50 characters, and the first 72 of their 84 bytes are 38 characters.
    wide = stranger(rng, "wide", f"{rng.getrandbits(16):04x}" + "\u00e9" * 34 + " and the end")
    register(http, wide)
    what = "a login with a password that shares only its first 72 bytes with the right one"
    must_be(attempt(http, long.email, f"{BEGINNING} or another one"), 401, what)
    must_be(attempt(http, wide.email, f"{wide.password[:38]} or another"), 401, what)
    what = "a login with a password that lacks the blank at the end of the right one"
    must_be(attempt(http, long.email, long.password.strip()), 401, what)


def check_passwords_are_hashed_slowly__nobody_has_a_bang_for_a_password(
    http: Client, database: Database
) -> None:
    seeded = database.value("select email from users where password_hash = '!' order by id desc limit 1")
    must_be(attempt(http, seeded, "!"), 401, "a login as a seeded user with the password '!'")


def check_refresh_tokens_are_not_stored(http: Client, database: Database, rng: random.Random) -> None:
    ann = somebody(http, rng)
    tokens = {"the refresh token of a login": ann.refresh}
    answer = refresh(http, ann.refresh)
    assert answer.status == 200, f"the refresh of a new token answered {answer.status}, not 200"
    keep_pair(ann, answer)
    tokens["a rotated refresh token"] = ann.refresh
    for find in secret_scan.find_in_cells(secret_scan.read_cells(database), tokens):
        raise AssertionError(
            f"{find.where} holds {find.secret} {find.how}: whoever reads the table can use it"
        )


def weakness(stored: str) -> str:
    """Why a stored password is not a slow hash that the contract allows; empty if it is."""
    # Django puts the hasher's name before a string of the hash's own.
    inner = re.sub(r"^(argon2|bcrypt(_sha256)?)\$(?=\$|argon2)", "", stored)
    if (
        found := re.match(r"\$?argon2(?:id|i|d)\$(?:v=\d+\$)?(m=\d+[^$]*)\$[^$]+\$[^$]+$", inner)
    ) is not None:
        memory = int(found[1].split(",")[0][2:])
        return (
            ""
            if memory >= _ARGON2_KIB
            else f"argon2 with {memory} KiB; 19 MiB ({_ARGON2_KIB} KiB) is the minimum"
        )
    if (found := re.match(r"\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}$", inner)) is not None:
        return _cost(int(found[1]))
    if (
        found := re.match(r"\$bcrypt-sha256\$(?:v=\d+,)?t?=?2[aby],r?=?(\d+)\$[^$]+\$[^$]+$", stored)
    ) is not None:
        return _cost(int(found[1]))
    if (work := _scrypt_n(stored)) is not None:
        return "" if work >= _SCRYPT_N else f"scrypt with N {work}; {_SCRYPT_N} is the minimum"
    if (rounds := _pbkdf2_rounds(stored)) is not None:
        return (
            ""
            if rounds >= _PBKDF2_ROUNDS
            else f"PBKDF2 with {rounds} rounds; {_PBKDF2_ROUNDS} is the minimum"
        )
    return "it is not argon2, bcrypt, scrypt or PBKDF2 in a form that the brief names"


def _cost(cost: int) -> str:
    return "" if cost >= 10 else f"bcrypt with cost {cost}; 10 is the minimum"


def _scrypt_n(stored: str) -> int | None:
    """N of scrypt as PHC (ln=), passlib, crypt ($7$), Django (scrypt$N$salt$r$p$), Werkzeug and scrypt$N$r$p$."""
    if (found := re.match(r"\$scrypt\$(?:v=\d+\$)?(?:[a-z]+=\d+,)*ln=(\d+)", stored)) is not None:
        return int(2 ** int(found[1]))
    if (found := re.match(r"\$7\$(.)", stored)) is not None:
        return int(2 ** _ITOA64.index(found[1]))
    if (found := re.match(r"scrypt[$:](\d+)[$:][^$:]+[$:]\S+$", stored)) is not None:
        number = int(found[1])
        return int(2**number) if number < 64 else number
    return None


def _pbkdf2_rounds(stored: str) -> int | None:
    """Rounds of PBKDF2 as PHC (i=), passlib ($pbkdf2-sha256$N$), Django (pbkdf2_sha256$N$) and Werkzeug."""
    found = re.match(
        r"\$?pbkdf2(?:[-_:]sha\d+(?:_\d+)?)?[$:](?:v=\d+[$,])?(?:i=)?(\d+)[^$]*\$[^$]+\$?\S+$", stored
    )
    return int(found[1]) if found is not None else None


def _runs(stored: str) -> list[str]:
    """Salt and key of a stored hash: its long pieces, and the 22 characters of salt of a bcrypt hash."""
    bcrypt = re.search(r"\$2[abxy]\$\d\d\$(.{22})(.{31})$", stored)
    if bcrypt is not None:
        return list(bcrypt.groups())
    pieces = [piece for piece in re.split(r"[$:]", stored) if len(piece) >= 8 and "=" not in piece[:-2]]
    return [piece for piece in pieces if not re.match(r"argon2|bcrypt|scrypt|pbkdf2", piece)]


def _stored(database: Database, person: Person) -> str:
    return str(database.value("select password_hash from users where id = %s", person.id))


def _shortened(stored: str) -> str:
    return repr(stored if len(stored) <= 24 else stored[:24] + "…")
