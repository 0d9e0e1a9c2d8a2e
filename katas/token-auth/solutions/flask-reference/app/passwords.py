"""Passwords: kept as salted argon2id hashes, slow to guess."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# What the password of an unknown person is compared with, so that it takes as long as any other.
NOBODY = hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    return hasher.hash(password)


def verify_password(password: str, stored: str) -> bool:
    try:
        return hasher.verify(stored, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):  # no such password, also half a surrogate pair
        return False
