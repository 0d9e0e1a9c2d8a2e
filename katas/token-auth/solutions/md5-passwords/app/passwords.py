"""Passwords, never stored as they are."""

import hashlib
import hmac

from app.texts import to_bytes


def hash_password(password: str) -> str:
    return hashlib.md5(to_bytes(password)).hexdigest()


def verify_password(password: str, stored: str | None) -> bool:
    return hmac.compare_digest(hash_password(password), stored or "")
