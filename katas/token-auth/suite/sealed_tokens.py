"""Tokens that the service did not issue, or not like this."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Mapping
from typing import Any

from shared_people import Person, keep_pair, must_be, refresh, somebody

from graders.suite.api import Client

_WEAK_KEYS = ("", "secret", "changeme", "change-me", "jwt", "your-256-bit-secret", "x" * 32)
_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def check_tokens_cannot_be_forged(http: Client, rng: random.Random, variables: Mapping[str, str]) -> None:
    ann = somebody(http, rng)
    secret = variables["JWT_SECRET"]
    header, claims = decoded(ann.access)
    assert header.get("alg") == "HS256", f"the access token's algorithm is {header.get('alg')!r}, not HS256"
    head_and_body, _, signature = ann.access.rpartition(".")
    assert signature == _signature(head_and_body, "HS256", secret), (
        "the access token is not signed with JWT_SECRET"
    )
    _must_have_claims(claims, ann, int(variables["ACCESS_TOKEN_TTL_SECONDS"]))
    _must_open(http, ann.access, "an access token that was just issued")
    for what, token in _forgeries(ann.access, header, claims, secret):
        must_be(http.get("/me", headers={"Authorization": f"Bearer {token}"}), 401, f"GET /me with {what}")
    _must_open(http, ann.access, "the unchanged access token")
    answer = refresh(http, ann.refresh)
    keep_pair(ann, answer)
    assert decoded(ann.access)[1].get("jti") != claims["jti"], "two access tokens have the same jti"


def check_tokens_cannot_be_forged__one_kind_for_the_other(http: Client, rng: random.Random) -> None:
    ann = somebody(http, rng)
    for what, token in (("a login", ann.refresh), ("a refresh", _next(http, ann))):
        answer = http.get("/me", headers={"Authorization": f"Bearer {token}"})
        must_be(answer, 401, f"GET /me with the refresh token of {what} in place of an access token")
    must_be(refresh(http, ann.access), 401, "a refresh with an access token")
    _must_open(http, ann.access, "the access token")


def check_tokens_cannot_be_forged__no_token_at_all(http: Client, rng: random.Random) -> None:
    ann = somebody(http, rng)
    values = (
        "",
        "Bearer",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer null",
    )
    for value in (*values, f"Bearer {ann.access}x.y", f"Bearer {'x' * 6000}", "Bearer é.ü.ß"):
        headers = {"Authorization": value}
        must_be(http.get("/me", headers=headers), 401, f"GET /me with Authorization {value[:30]!r}")
    must_be(http.get("/me"), 401, "GET /me without Authorization")


def _next(http: Client, ann: Person) -> str:
    answer = refresh(http, ann.refresh)
    assert answer.status == 200, f"the refresh of a new token answered {answer.status}, not 200"
    keep_pair(ann, answer)
    return ann.refresh


def _must_have_claims(claims: dict[str, Any], ann: Person, lifetime: int) -> None:
    absent = [name for name in ("sub", "iat", "exp", "jti") if name not in claims]
    assert not absent, f"the access token has no {', '.join(absent)}"
    assert claims["sub"] == str(ann.id), (
        f"sub is {claims['sub']!r}; the user's id as a string is {str(ann.id)!r}"
    )
    for name in ("iat", "exp"):
        value = claims[name]
        assert type(value) in (int, float) and abs(value) < 2**53, (
            f"{name} is {value!r}, not a time in seconds"
        )
    assert abs(claims["exp"] - claims["iat"] - lifetime) <= 1, (
        f"exp is {claims['exp'] - claims['iat']} s after iat; ACCESS_TOKEN_TTL_SECONDS is {lifetime}"
    )
    # Between issuing a token and receiving it a slow machine may take its time.
    assert -120 < claims["iat"] - ann.issued < 10, (
        f"iat is {claims['iat']}, and the token was issued at {ann.issued:.0f}"
    )


def _must_open(http: Client, token: str, what: str) -> None:
    answer = http.get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200, f"GET /me with {what} answered {answer.status}, not 200"


def _forgeries(
    token: str, header: dict[str, Any], claims: dict[str, Any], secret: str
) -> list[tuple[str, str]]:
    """The same token with one thing changed, and the words for it."""
    head, body, signature = token.split(".")
    first = "B" if signature[0] == "A" else "A"
    without_exp = {name: value for name, value in claims.items() if name != "exp"}
    forged = [
        ("a token whose signature is cut off", f"{head}.{body}."),
        ("a token of two parts", f"{head}.{body}"),
        ("a token whose signature was changed", f"{head}.{body}.{first}{signature[1:]}"),
        (
            "a token that has another user's id in its payload",
            f"{head}.{encoded({**claims, 'sub': '1'})}.{signature}",
        ),
        ("a token that calls itself an admin", f"{head}.{encoded({**claims, 'role': 'admin'})}.{signature}"),
        (
            "a token that lives for ten more years",
            f"{head}.{encoded({**claims, 'exp': claims['exp'] + 315_360_000})}.{signature}",
        ),
        ("an expired token", signed(header, {**claims, "exp": int(time.time()) - 3600}, secret)),
        ("a token without exp", signed(header, without_exp, secret)),
        ("a token whose exp is null", signed(header, {**claims, "exp": None}, secret)),
    ]
    forged += [
        (f"a token with alg {name} and no signature", f"{encoded({**header, 'alg': name})}.{body}.")
        for name in ("none", "None", "NONE", "nOnE")
    ]
    unsigned = f"{encoded({**header, 'alg': 'none'})}.{body}.{signature}"
    forged.append(("a token with alg none and its old signature", unsigned))
    forged += [
        (f"a token signed with {name}", signed({**header, "alg": name}, claims, secret))
        for name in ("HS384", "HS512")
    ]
    forged += [
        (f"a token signed with the key {key[:12]!r}", signed(header, claims, key))
        for key in (*_WEAK_KEYS, secret[:-1], secret.lower())
    ]
    return forged


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).rstrip(b"=").decode()


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = token.split(".")
    assert len(parts) == 3, f"an access token is a JWT of three parts; this one has {len(parts)}"
    try:
        header, claims = (
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]
        )
    except (ValueError, RecursionError):
        raise AssertionError("the access token cannot be decoded as a JWT") from None
    assert isinstance(header, dict) and isinstance(claims, dict), (
        "header and payload of the access token are not JSON objects"
    )
    return header, claims


def signed(header: dict[str, Any], claims: dict[str, Any], key: str) -> str:
    head_and_body = f"{encoded(header)}.{encoded(claims)}"
    return f"{head_and_body}.{_signature(head_and_body, str(header['alg']), key)}"


def _signature(text: str, algorithm: str, key: str) -> str:
    digest = hmac.new(key.encode(), text.encode(), getattr(hashlib, _HASHES[algorithm])).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
