"""Request bodies: of the right type, and JSON."""

import json
from typing import Annotated, Any

from fastapi import Depends, Request

from app.problems import MALFORMED, WRONG_TYPE, Problem

JSON = ("application/json", "application/merge-patch+json")
MERGE_PATCH = ("application/merge-patch+json", "application/json")


async def json_body(request: Request) -> Any:
    return await read_body(request, JSON)


async def patch_body(request: Request) -> Any:
    return await read_body(request, MERGE_PATCH)


async def read_body(request: Request, allowed: tuple[str, ...]) -> Any:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in allowed:
        raise Problem(WRONG_TYPE, f"The body must be {' or '.join(allowed)}.")
    raw = await request.body()
    try:
        return json.loads(raw, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Problem(MALFORMED, "The body cannot be read as JSON.") from None


def no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


JsonBody = Annotated[Any, Depends(json_body)]
PatchBody = Annotated[Any, Depends(patch_body)]
