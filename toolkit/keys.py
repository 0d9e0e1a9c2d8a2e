"""The user's keys for signing reports: files in the config directory that only this user may read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graders.errors import UsageError
from graders.packs.extras import install_command, lacks_of
from toolkit.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key of this user: its id and the file of its private half."""

    id: str
    path: Path


def must_be_able_to_sign() -> None:
    """Raises UsageError, with the command that installs them, where the libraries are not there."""
    lacks = [lack for lack in lacks_of(["sandbox"]) if str(lack).startswith(("cryptography", "rfc8785"))]
    if lacks:
        raise UsageError(
            f"signing needs the extra `sandbox`: {'; '.join(map(str, lacks))}",
            hint=f"install it: {install_command(['sandbox'])}",
        )


def stored_keys(settings: Settings) -> tuple[StoredKey, ...]:
    """The user's keys, in the order of their ids."""
    return tuple(StoredKey(path.stem, path) for path in sorted(_folder(settings).glob("*.pem")))


def new_key(settings: Settings) -> StoredKey:
    """Make a key. Its file has mode 0600 from the moment it exists."""
    must_be_able_to_sign()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from graders.results.signature import key_id

    key = Ed25519PrivateKey.generate()
    folder = _folder(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stored = StoredKey(key_id(key.public_key()), folder / f"{key_id(key.public_key())}.pem")
    file = os.open(stored.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(_private_text(key))
    return stored


def key_named(id: str | None, settings: Settings) -> StoredKey:
    """The key whose id starts with `id`; for None the only one. Raises UsageError."""
    keys = stored_keys(settings)
    fitting = [key for key in keys if id is None or key.id.startswith(id)]
    if len(fitting) == 1:
        return fitting[0]
    if not keys:
        raise UsageError("you have no key yet", hint="make one: kata keys new")
    problem = "you have several keys" if id is None or fitting else f"you have no key `{id}`"
    raise UsageError(problem, hint=f"name one by the start of its id: {', '.join(key.id for key in keys)}")


def private_key(stored: StoredKey) -> Ed25519PrivateKey:
    """The key itself. Raises UsageError for a file that others may read, or that holds none."""
    must_be_able_to_sign()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if stored.path.stat().st_mode & 0o077:
        raise UsageError(
            f"{stored.path}, a private key, can be read by others", hint=f"chmod 600 {stored.path}"
        )
    try:
        key = load_pem_private_key(stored.path.read_bytes()[:_LARGEST], password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{stored.path} holds no Ed25519 key", hint="remove it, and make one: kata keys new")
    return key


def public_text(public: Ed25519PublicKey) -> str:
    """The public key as PEM text."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_public(path: Path) -> Ed25519PublicKey:
    """A public key from the file that `kata keys show` wrote. Raises UsageError."""
    must_be_able_to_sign()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        with path.open("rb") as file:
            key = load_pem_public_key(file.read(_LARGEST))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", hint="name the file of a public key"
        ) from None
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} holds no Ed25519 public key", hint="`kata keys show > key.pem` writes one")
    return key


def _folder(settings: Settings) -> Path:
    return settings.config_dir / "keys"


def _private_text(key: Ed25519PrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
