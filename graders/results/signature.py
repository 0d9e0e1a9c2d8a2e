"""A report that can be shown to be the one that was made: its canonical JSON (RFC 8785), signed with Ed25519."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graders.errors import UsageError
from graders.escape import sanitize

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MEMBER = "signature"
ALGORITHM = "Ed25519"
# Beyond it, two readers of JSON may see two numbers.
_LARGEST = 2**53 - 1


def key_id(public: Ed25519PublicKey) -> str:
    """The first 32 hex digits of the SHA-256 of the 32 bytes of the key."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:32]


def signed(document: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The document as it is signed, with its signature; what JSON readers disagree on becomes text.

    A signature that was there is replaced.
    """
    content = {name: _plain(value) for name, value in document.items() if name != MEMBER}
    public = key.public_key()
    signature = {
        "algorithm": ALGORITHM,
        "key": key_id(public),
        "public": base64.b64encode(public.public_bytes_raw()).decode(),
        "value": base64.b64encode(key.sign(canonical(content))).decode(),
    }
    return {**content, MEMBER: signature}


def is_signed_by(document: Mapping[str, Any], public: Ed25519PublicKey) -> bool:
    """Whether the document, as it is now, was signed with the key of which `public` is the other half."""
    from cryptography.exceptions import InvalidSignature

    signature = document.get(MEMBER)
    if not isinstance(signature, Mapping) or signature.get("algorithm") != ALGORITHM:
        return False
    try:
        value = base64.b64decode(str(signature.get("value")), validate=True)
        public.verify(value, canonical({name: v for name, v in document.items() if name != MEMBER}))
    except (InvalidSignature, binascii.Error, ValueError, RecursionError):
        return False
    return True


def signer_of(document: Mapping[str, Any]) -> Ed25519PublicKey | None:
    """The key that the document says it was signed with, which anybody may have written there; None where it is not
    signed. Raises UsageError for a signature that cannot be read."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = document.get(MEMBER)
    if signature is None:
        return None
    try:
        raw = base64.b64decode(str(signature["public"]), validate=True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except (TypeError, KeyError, ValueError):
        raise UsageError(
            "the report's signature is damaged", hint="ask for the report as it was written"
        ) from None


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one way to write the document, by RFC 8785. Raises ValueError for what it cannot hold."""
    import rfc8785

    return rfc8785.dumps(dict(document))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {sanitize(str(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return value if _encodes(value) else sanitize(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST:
        return str(value)
    return value


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
