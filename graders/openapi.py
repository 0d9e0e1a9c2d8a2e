"""OpenAPI documents: valid by a maintained validator, true by answers to requests that are made from them.

The heavy imports (schemathesis takes more than half a second) are made by those functions that need them.
"""

from __future__ import annotations

import importlib
import json
import random
import re
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from graders.errors import SuiteError
from graders.http_message import Headers, Request

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_OTHER_CHECKS = (
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "object_level_authorization",
    "ignored_auth",
)
# Of the coverage phase's cases for an operation the first ones are kept, and a share of the others.
_FIRST_CASES = 5
_SHARE_OF_OTHERS = 0.05


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as the document tells it: `path` is its `template` after the servers' prefix."""

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
        """The path with `{}` for each parameter, whatever its name, and without a slash at its end."""
        return re.sub(r"\{[^}]*\}", "{}", self.path).rstrip("/")

    def response(self, status: int) -> Mapping[str, Any] | None:
        """What the document says of an answer with that status; None if it does not name it."""
        responses = {str(key).upper(): value for key, value in self.definition.get("responses", {}).items()}
        for key in (str(status), f"{status // 100}XX", "DEFAULT"):
            if key in responses:
                return resolved(responses[key], self.document)
        return None


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer that is not what the document says. `curl` reproduces the request, `reason` says what differs."""

    operation: str
    status: int
    reason: str
    curl: str

    def __str__(self) -> str:
        return f"{self.operation} answered {self.status}: {self.reason} ({self.curl})"


def import_meanwhile() -> None:
    """Begin the heavy imports in the background, for a suite that explores later."""
    names = ("schemathesis.openapi", "schemathesis.engine.core", "schemathesis.engine.run.unit")
    threading.Thread(target=lambda: [importlib.import_module(name) for name in names], daemon=True).start()


def invalidities(document: Any) -> tuple[str, ...]:
    """What a validator finds wrong with the document, each with its place; empty if it is valid OpenAPI 3.0 or 3.1."""
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

    if not isinstance(document, dict):
        return ("the document is no JSON object",)
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


def explore(
    document: Mapping[str, Any],
    base_url: str,
    *,
    seed: int,
    headers: Mapping[str, str] | None = None,
    methods: Collection[str] = (),
    examples: int = 8,
    coverage: bool = True,
) -> tuple[Finding, ...]:
    """Make requests from the document, hold the answers against it, and return what both readers find wrong.

    Schemathesis makes the requests (its coverage phase, bounded, and `examples` fuzzed ones for each operation) and
    judges the answers; each of its findings is looked at once more by `contradiction`. `methods`: upper case, all if
    empty. The same document, service state and seed make the same requests.
    """
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    config = SchemathesisConfig.from_dict(
        _settings(base_url + prefix_of(document), seed, headers or {}, examples, coverage)
    )
    schema: Any = schemathesis.openapi.from_dict(json.loads(json.dumps(document)), config=config)
    if methods:
        schema = schema.include(method=sorted(methods))
    _bound_coverage(schema, seed)
    known = {f"{operation.method} {operation.template}": operation for operation in operations(document)}
    found: dict[Finding, None] = {}
    with _plain_generation():
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                found.update((finding, None) for finding in _findings(event.recorder, known, base_url))
            elif isinstance(event, events.NonFatalError):
                label = getattr(event, "label", "") or "the document"
                found[Finding(str(label), 0, f"no request could be made from it: {_told(event)}", "")] = None
            elif isinstance(event, events.FatalError):
                raise SuiteError(f"schemathesis ended early: {event.exception!r}", hint="Report this.")
    return tuple(found)


@contextmanager
def _plain_generation() -> Iterator[None]:
    """Examples that hang on the document and the seed alone, and no search for more telling ones.

    Hypothesis takes constants from the source of whatever local modules are loaded, so a checkout and an installed
    wheel would make different requests. Climbing towards more 2xx answers takes a third of the time.
    """
    import hypothesis
    from hypothesis.internal.conjecture import providers

    seen: set[int] = getattr(providers, "_seen_modules", set())
    seen.update(id(module) for module in list(sys.modules.values()))
    target = hypothesis.target
    setattr(hypothesis, "target", lambda *_, **__: None)  # noqa: B010
    try:
        yield
    finally:
        setattr(hypothesis, "target", target)  # noqa: B010


def _settings(
    base_url: str, seed: int, headers: Mapping[str, str], examples: int, coverage: bool
) -> dict[str, Any]:
    off = {"enabled": False}
    return {
        "base-url": base_url,
        "seed": seed,
        "headers": dict(headers),
        "workers": 1,
        "continue-on-failure": True,
        "request-timeout": 10.0,
        "checks": {**{name: {"enabled": True} for name in CHECKS}, **dict.fromkeys(_OTHER_CHECKS, off)},
        "phases": {
            "examples": off,
            "coverage": {"enabled": coverage, "unexpected-methods": []},
            "fuzzing": {"enabled": True},
            "stateful": off,
        },
        "generation": {"max-examples": examples, "no-shrink": True, "database": "none"},
    }


def _bound_coverage(schema: Any, seed: int) -> None:
    seen: dict[str, int] = {}
    chance: dict[str, random.Random] = {}

    def filter_case(context: Any, case: Any) -> bool:  # noqa: ARG001 - the hook is called by these names
        phase = getattr(getattr(case.meta, "phase", None), "name", "")
        if str(getattr(phase, "value", phase)) != "coverage":
            return True
        label = case.operation.label
        seen[label] = seen.get(label, 0) + 1
        dice = chance.setdefault(label, random.Random(f"{seed}:{label}"))
        return seen[label] <= _FIRST_CASES or dice.random() < _SHARE_OF_OTHERS

    schema.hooks.register_hook_with_name(filter_case, "filter_case")


def _findings(recorder: Any, known: Mapping[str, Operation], base_url: str) -> Iterator[Finding]:
    for case_id, checks in recorder.checks.items():
        interaction = recorder.interactions.get(case_id)
        failed = [check for check in checks if check.failure_info is not None]
        if not failed or interaction is None or interaction.response is None:
            continue
        operation = known.get(recorder.label)
        response = interaction.response
        fields = [(name, value) for name, values in response.headers.items() for value in values]
        reason = contradiction(operation, response.status_code, Headers(fields), response.content or b"")
        if reason:
            sent = _request(interaction.request, base_url)
            name = f"{operation.method} {operation.path}" if operation else recorder.label
            yield Finding(name, response.status_code, reason, sent.curl)


def _request(prepared: Any, base_url: str) -> Request:
    parts = urlsplit(prepared.uri)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    own = ("x-schemathesis-testcaseid", "user-agent", "connection", "accept-encoding", "content-length")
    fields = [
        (name, value if isinstance(value, str) else ", ".join(value))
        for name, value in prepared.headers.items()
        if name.lower() not in own
    ]
    return Request(prepared.method, base_url, target or "/", Headers(fields), prepared.body or b"")


def _told(event: Any) -> str:
    info = getattr(event, "info", None)
    return " ".join(str(getattr(info, "message", "") or getattr(event, "value", "") or event).split())[:300]


def contradiction(operation: Operation | None, status: int, headers: Headers, body: bytes) -> str:
    """What of an answer the document does not allow, in words; empty if the document allows it.

    Our own reading of the document, independent of the tool that made the request.
    """
    if status >= 500:
        return "a server error"
    if operation is None:
        return ""
    response = operation.response(status)
    if response is None:
        return f"the document names only {', '.join(operation.statuses)} for it"
    return (
        _wrong_headers(response, headers, operation.document)
        or _wrong_type(response, headers, body)
        or _wrong_body(response, headers, body, operation.document)
    )


def _wrong_headers(response: Mapping[str, Any], headers: Headers, document: Mapping[str, Any]) -> str:
    for name, header in (response.get("headers") or {}).items():
        told = resolved(header, document)
        if name not in headers:
            if told.get("required"):
                return f"the document promises the header {name}, and it is absent"
            continue
        fault = _first_fault(_typed(headers[name], told.get("schema", {})), told.get("schema", {}), document)
        if fault:
            return f"the header {name} is {headers[name]!r}: {fault}"
    return ""


def _typed(value: str, schema: Any) -> Any:
    """A header's text as the type that its schema names."""
    if isinstance(schema, dict) and schema.get("type") in ("integer", "number", "boolean"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _wrong_type(response: Mapping[str, Any], headers: Headers, body: bytes) -> str:
    content = response.get("content") or {}
    sent = _media_type(headers)
    if not content or not (sent or body):
        return ""
    if _content_for(content, sent) is None:
        return f"it came as {sent or 'no media type'}, the document says {', '.join(content)}"
    return ""


def _media_type(headers: Headers) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _content_for(content: Mapping[str, Any], sent: str) -> Mapping[str, Any] | None:
    for name, told in content.items():
        pattern = re.escape(name.partition(";")[0].strip().lower()).replace(r"\*", "[^/]+")
        if re.fullmatch(pattern, sent):
            return told if isinstance(told, dict) else {}
    return None


def _wrong_body(
    response: Mapping[str, Any], headers: Headers, body: bytes, document: Mapping[str, Any]
) -> str:
    told = _content_for(response.get("content") or {}, _media_type(headers)) or {}
    if "schema" not in told or not _media_type(headers).endswith(("/json", "+json")):
        return ""
    try:
        value = json.loads(body)
    except ValueError:
        return "the body is no JSON"
    fault = _first_fault(value, told["schema"], document)
    return f"the body does not fit its schema: {fault}" if fault else ""


def _first_fault(value: Any, schema: Any, document: Mapping[str, Any]) -> str:
    from openapi_schema_validator import OAS30ReadValidator, OAS31Validator, oas30_format_checker

    if not isinstance(schema, dict) or not schema:
        return ""
    # References start at the document's root, so its other parts travel with the schema.
    rooted = {
        "allOf": [schema],
        **{key: document[key] for key in ("components", "paths") if key in document},
    }
    old = str(document.get("openapi", "")).startswith("3.0")
    validator = (
        OAS30ReadValidator(rooted, format_checker=oas30_format_checker) if old else OAS31Validator(rooted)
    )
    for error in validator.iter_errors(value):
        place = "/".join(str(part) for part in error.absolute_path)
        return f"at /{place}: {error.message[:200]}"
    return ""
