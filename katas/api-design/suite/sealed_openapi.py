"""The OpenAPI document: true."""

from __future__ import annotations

from shared_booking import ROUTES, must_be, new_booking, new_room

from graders import openapi

SEED = 20_330_502
WRITES = ("PUT", "PATCH", "DELETE")

openapi.import_meanwhile()


def check_openapi_is_true(http, rng):
    document = must_be(http.get("/v1/openapi.json"), 200, "GET /v1/openapi.json").json()
    assert isinstance(document, dict), "the document is no JSON object"
    told = {(operation.method, operation.shape) for operation in openapi.operations(document)}
    for method, shape in ROUTES:
        assert (method, shape) in told, f"the document says nothing of {method} {shape.replace('{}', '{id}')}"
    new_booking(http, new_room(http, rng))
    base = http.base_url
    _must_agree(openapi.explore(document, base, seed=SEED, methods=("GET", "POST")))
    _must_agree(openapi.explore(document, base, seed=SEED, methods=WRITES, examples=3, coverage=False))
    _must_agree(openapi.explore(document, base, seed=SEED, methods=WRITES, headers={"If-Match": "*"}))


def _must_agree(findings: tuple[openapi.Finding, ...]) -> None:
    if findings:
        first = findings[0]
        others = f" ({len(findings) - 1} more like this)" if len(findings) > 1 else ""
        answered = f"answered {first.status}: " if first.status else ""
        assert not findings, f"{first.operation} {answered}{first.reason}{others}\n{first.curl}".strip()
