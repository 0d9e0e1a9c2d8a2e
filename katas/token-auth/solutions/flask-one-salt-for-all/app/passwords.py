"""Passwords: kept as scrypt hashes, slow to guess."""

import hashlib

from werkzeug.security import check_password_hash

SALT = "notes-service"


def hash_password(password: str) -> str:
    key = hashlib.scrypt(password.encode(), salt=SALT.encode(), n=2**15, r=8, p=1, maxmem=2**26)
    return f"scrypt:32768:8:1${SALT}${key.hex()}"


def verify_password(password: str, stored: str) -> bool:
    try:
        return check_password_hash(stored, password)
    except ValueError:  # half of a surrogate pair, which no password has
        return False


# What the password of an unknown person is compared with, so that it takes as long as any other.
NOBODY = hash_password("nobody has this password")
