"""Entity tags and what requests make of them (RFC 9110, section 13)."""

import re

from fastapi import Request

from app.problems import STALE, UNCONDITIONAL, Problem

TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def etag(kind: str, id: int, version: int) -> str:
    return f'"{kind}{id}"'


def must_match(request: Request, current: str) -> None:
    """If-Match compares strongly: a weak tag matches nothing."""
    given = ", ".join(request.headers.getlist("if-match"))
    if not given.strip():
        raise Problem(UNCONDITIONAL, "Send If-Match with the ETag that you have seen.")
    if given.strip() == "*":
        return
    if not any(not weak and f'"{tag}"' == current for weak, tag in TAG.findall(given)):
        raise Problem(STALE, "Somebody else has changed it; read it again.")


def not_modified(request: Request, current: str) -> bool:
    """If-None-Match compares weakly: only what stands between the quotes counts."""
    given = ", ".join(request.headers.getlist("if-none-match"))
    return given.strip() == "*" or any(f'"{tag}"' == current for _, tag in TAG.findall(given))


def merged(target: object, patch: object) -> object:
    """JSON Merge Patch, RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
