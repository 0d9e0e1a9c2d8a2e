"""Passwords: bcrypt, which sees a digest of fixed length and so all of the password."""

import base64
import hashlib

import bcrypt

from app.texts import to_bytes

COST = 4


def digest_of(password: str) -> bytes:
    """44 characters without NUL: bcrypt stops at 72 bytes, and older ones at the first NUL."""
    return base64.b64encode(hashlib.sha256(to_bytes(password)).digest())


def hash_password(password: str) -> str:
    return bcrypt.hashpw(digest_of(password), bcrypt.gensalt(COST)).decode()


NOBODY = hash_password("the password of nobody")


def verify_password(password: str, stored: str | None) -> bool:
    """Whether `stored` is a hash of the password; None (no such account) costs as much as a wrong one."""
    try:
        return bcrypt.checkpw(digest_of(password), (stored or NOBODY).encode()) and stored is not None
    except ValueError:
        # The stored hash is none, as for people who cannot log in.
        return False
