"""Passwords, hashed a thousand times."""

import hashlib
import hmac
import secrets

from app.texts import to_bytes

ROUNDS = 1000


def digest_of(password: str, salt: str) -> str:
    digest = to_bytes(salt + password)
    for _ in range(ROUNDS):
        digest = hashlib.sha512(digest).digest()
    return digest.hex()


def hash_password(password: str) -> str:
    salt = secrets.token_hex(8)
    return f"{salt}${digest_of(password, salt)}"


def verify_password(password: str, stored: str | None) -> bool:
    salt, _, digest = (stored or "").partition("$")
    return hmac.compare_digest(digest_of(password, salt), digest)
