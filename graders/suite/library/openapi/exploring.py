"""Requests made from an OpenAPI document by schemathesis, and those answers that both it and we find wrong.

The heavy imports (schemathesis takes more than half a second) are made by those functions that need them.
"""

from __future__ import annotations

import importlib
import json
import random
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from graders.errors import SuiteError
from graders.http.message import Answer, Headers, Request
from graders.sandbox.machine import MACHINE, MachineBusyError
from graders.suite.library.openapi.document import Operation, operations, prefix_of
from graders.suite.library.openapi.truth import contradiction

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
_REQUEST_SECONDS = 30.0
# On a machine on which other work takes longer than so many times as usual, silence proves nothing.
_BUSY = 2.0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An answer that is not what the document says. `curl` reproduces the request, `reason` says what differs."""

    operation: str
    status: int
    reason: str
    curl: str

    def __str__(self) -> str:
        return f"{self.operation} answered {self.status}: {self.reason} ({self.curl})"


def warm_up() -> None:
    """Make the heavy imports, and the table of characters that the first generated text would make (0.8 s)."""
    for name in ("schemathesis.openapi", "schemathesis.engine.core", "schemathesis.engine.run.unit"):
        importlib.import_module(name)
    from hypothesis import strategies

    strategies.characters(codec="utf-8").validate()


def explore(
    document: Mapping[str, Any],
    base_url: str,
    *,
    seed: int,
    headers: Mapping[str, str] | None = None,
    methods: Collection[str] = (),
    examples: int = 6,
    coverage: bool = True,
) -> tuple[Disagreement, ...]:
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
    found: dict[Disagreement, None] = {}
    with _plain_generation():
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                found.update((finding, None) for finding in _findings(event.recorder, known, base_url))
            elif isinstance(event, events.NonFatalError):
                label = str(getattr(event, "label", "") or "the document")
                if _is_timeout(event):
                    # Each further one would wait as long.
                    return (_unanswered(label),)
                reason = f"no request could be made from it: {_reason(event)}"
                found[Disagreement(label, 0, reason, "")] = None
            elif isinstance(event, events.FatalError):
                raise SuiteError(f"schemathesis ended early: {event.exception!r}", hint="Report this.")
    return tuple(found)


def _is_timeout(event: Any) -> bool:
    import requests

    return isinstance(event.value, requests.exceptions.Timeout)


def _unanswered(label: str) -> Disagreement:
    """A request that was not answered in time. Raises MachineBusyError where the machine had no time for it."""
    slowness = MACHINE.slowness()
    if slowness > _BUSY:
        raise MachineBusyError(
            f"a request for {label} was not answered within {_REQUEST_SECONDS:g} s, on a machine on which other "
            f"work takes {slowness:.0f} times as long as usual",
            hint="run it again while fewer other programs run on this machine",
        )
    return Disagreement(label, 0, f"a request was not answered within {_REQUEST_SECONDS:g} s", "")


def disagreement(operation: Operation, answer: Answer) -> str:
    """What both readers find wrong with an answer to a request of our own, in words; empty if one of them allows it.

    For rows that requests made from the document do not reach. Schemathesis is asked only where we object.
    """
    reason = contradiction(operation, answer.status, answer.headers, answer.body)
    return reason if reason and _objected_to(operation, answer) else ""


def _objected_to(operation: Operation, answer: Answer) -> bool:
    import requests
    import schemathesis
    from schemathesis import checks
    from schemathesis.core.errors import SchemathesisError
    from schemathesis.core.failures import Failure, FailureGroup
    from schemathesis.core.transport import Response

    checks.load_all_checks()
    sent = requests.Request(answer.request.method, answer.request.url).prepare()
    fields = {name.lower(): answer.headers.get_all(name) for name in answer.headers}
    response = Response(answer.status, fields, answer.body, sent, elapsed=0.0, verify=False)
    parameters = dict.fromkeys(re.findall(r"\{([^}]*)\}", operation.template), "1")
    try:
        schema: Any = schemathesis.openapi.from_dict(json.loads(json.dumps(operation.document)))
        case = schema[operation.template][operation.method].Case(path_parameters=parameters)
        case.validate_response(response, checks=checks.CHECKS.get_by_names(CHECKS))
    except (Failure, FailureGroup):
        return True
    except SchemathesisError:
        # It cannot read that part of the document, and says so when it makes requests from it.
        return False
    return False


@contextmanager
def _plain_generation() -> Iterator[None]:
    """Examples that depend on the document and the seed alone; no search for better ones.

    Hypothesis takes constants from the source of the local modules that are loaded, so a checkout and an installed
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
        "request-timeout": _REQUEST_SECONDS,
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


def _findings(recorder: Any, known: Mapping[str, Operation], base_url: str) -> Iterator[Disagreement]:
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
            yield Disagreement(name, response.status_code, reason, sent.curl)


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


def _reason(event: Any) -> str:
    info = getattr(event, "info", None)
    return " ".join(str(getattr(info, "message", "") or getattr(event, "value", "") or event).split())[:300]
