"""Passwords, as they are for now."""

import hmac

from app.texts import to_bytes


def hash_password(password: str) -> str:
    return password


def verify_password(password: str, stored: str | None) -> bool:
    return hmac.compare_digest(to_bytes(password), to_bytes(stored or "!")) and stored not in (None, "!")
