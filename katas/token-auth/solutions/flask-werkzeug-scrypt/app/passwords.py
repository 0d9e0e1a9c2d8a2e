"""Passwords: kept as salted scrypt hashes, slow to guess."""

from werkzeug.security import check_password_hash, generate_password_hash

# What the password of an unknown person is compared with, so that it takes as long as any other.
NOBODY = generate_password_hash("nobody has this password")


def hash_password(password: str) -> str:
    return generate_password_hash(password)


def verify_password(password: str, stored: str) -> bool:
    try:
        return check_password_hash(stored, password)
    except ValueError:  # half of a surrogate pair, which no password has
        return False
