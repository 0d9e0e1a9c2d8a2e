"""Whether an answer is what the document says: our own reading, independent of the tool that made the request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from graders.http.message import Headers
from graders.suite.library.openapi.document import Operation, resolved


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
        declared = resolved(header, document)
        if name not in headers:
            if declared.get("required"):
                return f"the document promises the header {name}, and it is absent"
            continue
        fault = _first_fault(
            _typed(headers[name], declared.get("schema", {})), declared.get("schema", {}), document
        )
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
    for name, declared in content.items():
        pattern = re.escape(name.partition(";")[0].strip().lower()).replace(r"\*", "[^/]+")
        if re.fullmatch(pattern, sent):
            return declared if isinstance(declared, dict) else {}
    return None


def _wrong_body(
    response: Mapping[str, Any], headers: Headers, body: bytes, document: Mapping[str, Any]
) -> str:
    declared = _content_for(response.get("content") or {}, _media_type(headers)) or {}
    if "schema" not in declared or not _media_type(headers).endswith(("/json", "+json")):
        return ""
    try:
        value = json.loads(body)
    except ValueError:
        return "the body is not JSON"
    fault = _first_fault(value, declared["schema"], document)
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
