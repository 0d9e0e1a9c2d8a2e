"""Problem documents (RFC 9457): whether an answer is one, and whether it says what a contract asks for.

Every member is optional there (3.1): a missing `type` is `about:blank`, and `status`, where it is present, equals the
status of the answer. The list `errors` of {"pointer" or "parameter", "detail"} is the extension of the built-in katas.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from graders.http.message import Answer, AnswerError
from graders.suite.library.responses import JsonObject, abbreviate

MEDIA_TYPE = "application/problem+json"
BLANK = "about:blank"
# What the contracts of katas ask for. RFC 9457 itself asks for no member.
MEMBERS = ("type", "title", "status", "detail")
_TEXTS = ("title", "detail", "instance")


def problem_of(answer: Answer, status: int | None = None, *, type_ends: str = "") -> dict[str, Any]:
    """The answer's problem document. AssertionError, with what is wrong, where it is not one.

    `status`: what the answer's must be; `type_ends`: how the problem's type must end, e.g. `/out-of-stock`.
    """
    wanted: dict[str, Any] = {} if status is None else {"status": status}
    if type_ends:
        wanted["type_ends"] = type_ends
    problem = problem_mismatch(answer, wanted)
    what = f"{answer.request.method} {answer.request.target}"
    assert problem is None, f"{what}: {problem}"
    document = answer.json()
    assert isinstance(document, dict)
    return document


def must_be_problem(
    answer: Answer,
    *statuses: int,
    what: str = "",
    members: Collection[str] = MEMBERS,
    errors: bool = False,
) -> JsonObject:
    """As `problem_of`, for one of several statuses, with the members that a contract names and a type in any case.

    `what` names the request in the sentence of the AssertionError; `errors`: the document must list them.
    """
    wanted = {"status": statuses or (answer.status,), "members": members, "errors": errors}
    mismatch = problem_mismatch(answer, wanted)
    asked = what or f"{answer.request.method} {answer.request.target}"
    assert mismatch is None, f"{asked}: {mismatch}"
    return JsonObject({"type": BLANK, **answer.json()})


def problem_mismatch(answer: Answer, expected: int | Mapping[str, Any]) -> str | None:
    """Why the answer is not the expected problem; None where it is.

    `expected`: a status, or a mapping of `status` (one or a list), `type_ends`, `members` that must be present,
    `errors` (true: a list of them is present), `pointers` and `parameters` (those that `errors` must name, at least).
    """
    wanted = expected if isinstance(expected, Mapping) else {"status": expected}
    return next(_problems(answer, wanted), None)


def _problems(answer: Answer, wanted: Mapping[str, Any]) -> Iterator[str]:
    statuses = wanted.get("status", answer.status)
    statuses = statuses if isinstance(statuses, list | tuple) else [statuses]
    if answer.status not in statuses:
        yield f"the status is {answer.status}, not {' or '.join(map(str, statuses))}"
    if answer.media_type != MEDIA_TYPE:
        yield f"the {answer.status} has the Content-Type {answer.media_type or '(none)'}, not {MEDIA_TYPE}"
    try:
        document = answer.json()
    except AnswerError as error:
        yield error.message
        return
    if not isinstance(document, dict):
        yield f"the {answer.status} came with {abbreviate(document)}, which is not an object"
        return
    if missing := [name for name in wanted.get("members", ()) if name not in document]:
        yield f"the problem document lacks {', '.join(missing)}"
    yield from _members(answer, document)
    if wanted.get("errors"):
        yield from _entries(document.get("errors"))
    type_ends = str(wanted.get("type_ends", ""))
    if not str(document.get("type", BLANK)).endswith(type_ends):
        yield f"the problem's type is {abbreviate(document.get('type', BLANK))}, which does not end in {type_ends}"
    for member in ("pointer", "parameter"):
        yield from _missing(document, member, wanted.get(f"{member}s", ()))


def _members(answer: Answer, document: Mapping[str, Any]) -> Iterator[str]:
    if "type" in document and not is_uri_reference(document["type"]):
        yield f"the problem's type is {abbreviate(document['type'])}, which is not a URI reference"
    status = document.get("status", answer.status)
    if type(status) is not int or status != answer.status:
        yield f"the problem's status is {abbreviate(status)}, and the answer's {answer.status}"
    for name in _TEXTS:
        if name in document and not isinstance(document[name], str):
            yield f"the problem's {name} is {abbreviate(document[name])}, which is not a string"


def _entries(errors: Any) -> Iterator[str]:
    if not isinstance(errors, list) or not errors:
        yield "the problem document has no list `errors` that names what is invalid"
        return
    for error in errors:
        if not isinstance(error, dict) or not isinstance(error.get("detail"), str):
            yield f"the entry {abbreviate(error)} of `errors` has no `detail`"
        elif not isinstance(error.get("pointer", error.get("parameter")), str):
            yield f"the entry {abbreviate(error)} of `errors` has neither a `pointer` nor a `parameter`"


def is_uri_reference(value: object) -> bool:
    """Whether a JSON value can be a URI reference (RFC 3986, 4.1): text without white space that can be split."""
    if not isinstance(value, str) or any(character.isspace() for character in value):
        return False
    try:
        urlsplit(value)
    except ValueError:
        return False
    return True


def named_in(document: Mapping[str, Any], member: str) -> list[str]:
    """What the entries of `errors` name by `member` (`pointer` or `parameter`), in order."""
    errors = document.get("errors")
    entries = errors if isinstance(errors, list) else []
    return [
        entry[member] for entry in entries if isinstance(entry, dict) and isinstance(entry.get(member), str)
    ]


def _missing(document: Mapping[str, Any], member: str, wanted: Collection[str]) -> Iterator[str]:
    named = named_in(document, member)
    for name in wanted:
        if name not in named:
            found = ", ".join(named) or "none"
            yield f"`errors` names no {member} {name} (found: {found})"
