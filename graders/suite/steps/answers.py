"""What a step expects of an answer, and what it keeps of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graders.http.message import Answer, AnswerError
from graders.suite.library.problem_details import problem_mismatch
from graders.suite.steps.expressions import ABSENT, evaluate, looked_up
from graders.suite.steps.matching import mismatch
from graders.suite.steps.scope import Scope


def judge_answer(answer: Answer, expected: Mapping[str, Any], scope: Scope) -> None:
    """AssertionError, with the first difference, where the answer is not as expected (filled in already)."""
    problem = next(_problems(answer, expected, scope), None)
    assert problem is None, f"{answer.request.method} {answer.request.target}: {problem}"


def _problems(answer: Answer, expected: Mapping[str, Any], scope: Scope) -> Iterator[str]:
    if "status" in expected:
        wanted = expected["status"]
        choices = {"any_of": wanted} if isinstance(wanted, list) else wanted
        if (found := mismatch(answer.status, choices, scope)) is not None:
            yield f"the status {found}"
    if "type" in expected and (found := mismatch(answer.media_type, expected["type"], scope)) is not None:
        yield f"the Content-Type {found}"
    for name, wanted in expected.get("headers", {}).items():
        if (found := mismatch(answer.headers.get(name, ABSENT), wanted, scope)) is not None:
            yield f"the header {name} {found}"
    if "text" in expected and (found := mismatch(answer.text, expected["text"], scope)) is not None:
        yield f"the body {found}"
    if "problem" in expected and (found := problem_mismatch(answer, expected["problem"])) is not None:
        yield found
    if "json" in expected:
        yield from _in_json(answer.json(), expected["json"], scope)
    if "values" in expected:
        yield from _in_json(scope.values, expected["values"], scope)


def _in_json(document: Any, expected: Any, scope: Scope) -> Iterator[str]:
    """Expressions and what they must give; anything but a mapping means the whole document."""
    if not isinstance(expected, Mapping):
        expected = {"@": expected}
    for expression, wanted in expected.items():
        found = mismatch(looked_up(str(expression), document), wanted, scope)
        if found is not None:
            yield f"`{expression}` {found}" if expression != "@" else f"the body {found}"


def keep_of(answer: Answer, kept: Mapping[str, Any], scope: Scope) -> None:
    """Keep values of the answer under names: an expression over its JSON, `{header: NAME}` or `{status: true}`."""
    for name, source in kept.items():
        if isinstance(source, Mapping):
            value = (
                answer.status
                if "status" in source
                else answer.headers.get(str(source.get("header", "")), None)
            )
        else:
            value = evaluate(str(source), answer.json())
        assert value is not None, (
            f"{answer.request.method} {answer.request.target}: the answer ({answer.status}) has no `{_named(source)}`"
        )
        scope.keep(name, value)


def _named(source: Any) -> str:
    return str(source.get("header")) if isinstance(source, Mapping) else str(source)


def outcome(answer: Answer, number: int, group: str) -> dict[str, Any]:
    """An answer of a race as plain values, for expressions: `status`, `json` (null if unreadable), `n`, `group`."""
    try:
        document = answer.json()
    except AnswerError:
        document = None
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {"n": number, "group": group, "status": answer.status, "json": document, "headers": headers}
