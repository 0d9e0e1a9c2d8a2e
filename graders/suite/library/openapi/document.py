"""An OpenAPI document: valid by a maintained validator, and what it says of each operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as the document describes it: `path` is its `template` after the servers' prefix."""

    method: str
    template: str
    path: str
    definition: Mapping[str, Any]
    document: Mapping[str, Any]

    @property
    def statuses(self) -> tuple[str, ...]:
        """The keys of `responses`: "200", "4XX", "default", ..."""
        return tuple(str(status) for status in self.definition.get("responses", {}))

    @property
    def shape(self) -> str:
        """The path with `{}` for each parameter of any name, and without a slash at its end."""
        return re.sub(r"\{[^}]*\}", "{}", self.path).rstrip("/")

    def response(self, status: int) -> Mapping[str, Any] | None:
        """What the document says of an answer with that status; None if it does not name it."""
        responses = {str(key).upper(): value for key, value in self.definition.get("responses", {}).items()}
        for key in (str(status), f"{status // 100}XX", "DEFAULT"):
            if key in responses:
                return resolved(responses[key], self.document)
        return None


def invalidities(document: Any) -> tuple[str, ...]:
    """What a validator finds wrong with the document, each with its place; empty if it is valid OpenAPI 3.0 or 3.1."""
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

    if not isinstance(document, dict):
        return ("the document is not a JSON object",)
    version = str(document.get("openapi", ""))
    validators = {"3.0": OpenAPIV30SpecValidator, "3.1": OpenAPIV31SpecValidator}
    validator = validators.get(version[:3])
    if validator is None:
        return (f"`openapi` is {version!r}; 3.0.x and 3.1.x are known",)
    found = []
    try:
        for error in validator(document).iter_errors():
            place = "/".join(str(part) for part in getattr(error, "absolute_path", ()))
            found.append(f"at /{place}: {str(getattr(error, 'message', error))[:300]}")
    except Exception as error:
        # A reference that leads nowhere ends the validator itself.
        found.append(f"{type(error).__name__}: {str(error)[:300]}")
    return tuple(found)


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Every operation of the document, in its order."""
    prefix = prefix_of(document)
    found = []
    for path, item in (document.get("paths") or {}).items():
        routes = resolved(item, document)
        found += [
            Operation(method.upper(), path, prefix + path, resolved(routes[method], document), document)
            for method in METHODS
            if isinstance(routes.get(method), dict)
        ]
    return tuple(found)


def prefix_of(document: Mapping[str, Any]) -> str:
    """The path of the first server's URL, without a slash at its end; empty where there is none."""
    servers = document.get("servers") or [{}]
    first = servers[0] if isinstance(servers, list) and isinstance(servers[0], dict) else {}
    return urlsplit(str(first.get("url", ""))).path.rstrip("/")


def resolved(value: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object itself, or what its `$ref` into the document names; empty if that leads nowhere."""
    for _ in range(20):
        if not isinstance(value, dict):
            return {}
        reference = value.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return value
        target: Any = document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, dict) else None
        value = target
    return {}
