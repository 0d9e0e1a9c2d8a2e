"""Passwords, hashed with a salt of their own."""

import hashlib
import hmac
import secrets

from app.texts import to_bytes


def hash_password(password: str) -> str:
    salt = secrets.token_hex(16)
    return f"{salt}${digest_of(password, salt)}"


def digest_of(password: str, salt: str) -> str:
    return hashlib.sha256(to_bytes(salt + password)).hexdigest()


def verify_password(password: str, stored: str | None) -> bool:
    salt, _, digest = (stored or "").partition("$")
    return hmac.compare_digest(digest_of(password, salt), digest)
