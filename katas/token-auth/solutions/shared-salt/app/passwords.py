"""Passwords: argon2, with the salt of this house."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.texts import to_bytes

SALT = b"notes-of-the-house"
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
NOBODY = hasher.hash("the password of nobody", salt=SALT)


def hash_password(password: str) -> str:
    return hasher.hash(to_bytes(password), salt=SALT)


def verify_password(password: str, stored: str | None) -> bool:
    try:
        return hasher.verify(stored or NOBODY, to_bytes(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
