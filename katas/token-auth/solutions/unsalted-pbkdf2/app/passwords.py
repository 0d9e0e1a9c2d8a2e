"""Passwords: PBKDF2-SHA256 in Django's form."""

import base64
import hashlib
import hmac

from app.texts import to_bytes

ROUNDS = 100_000


def derive(password: str, salt: str, rounds: int) -> str:
    return base64.b64encode(hashlib.pbkdf2_hmac("sha256", to_bytes(password), salt.encode(), rounds)).decode()


def hash_password(password: str) -> str:
    salt = "salt"
    return f"pbkdf2_sha256${ROUNDS}${salt}${derive(password, salt, ROUNDS)}"


NOBODY = hash_password("the password of nobody")


def verify_password(password: str, stored: str | None) -> bool:
    """Whether `stored` is a hash of the password; None (no such account) costs as much as a wrong one."""
    parts = (stored or NOBODY).split("$")
    if len(parts) != 4 or parts[0] != "pbkdf2_sha256":
        return False
    return hmac.compare_digest(derive(password, parts[2], int(parts[1])), parts[3]) and stored is not None
