"""Passwords: hashed slowly, verified in the same time whether there is an account or not."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.texts import to_bytes

hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
NOBODY = hasher.hash("the password of nobody")


def hash_password(password: str) -> str:
    return hasher.hash(to_bytes(password.strip()))


def verify_password(password: str, stored: str | None) -> bool:
    """Whether `stored` is a hash of the password; None (no such account) costs as much as a wrong one."""
    try:
        return hasher.verify(stored or NOBODY, to_bytes(password.strip())) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
