"""Passwords: scrypt, with its parameters beside the salt and the key."""

import base64
import hashlib
import hmac
import os

from app.texts import to_bytes

N, R, P = 16384, 8, 1


def hash_password(password: str) -> str:
    salt = os.urandom(16)
    key = hashlib.scrypt(to_bytes(password), salt=salt, n=N, r=R, p=P)
    return f"scrypt${N}${R}${P}${text_of(salt)}${text_of(key)}"


def text_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


NOBODY = hash_password("the password of nobody")


def verify_password(password: str, stored: str | None) -> bool:
    """Whether `stored` is a hash of the password; None (no such account) costs as much as a wrong one."""
    parts = (stored or NOBODY).split("$")
    if len(parts) != 6 or parts[0] != "scrypt":
        return False
    n, r, p = map(int, parts[1:4])
    key = hashlib.scrypt(to_bytes(password), salt=base64.b64decode(parts[4]), n=n, r=r, p=p)
    return hmac.compare_digest(key, base64.b64decode(parts[5])) and stored is not None
