"""Whether a service is ready: one look at /healthz, and what it found in words."""

from __future__ import annotations

from dataclasses import dataclass

from graders.escape import sanitize
from graders.http.client import Answer, AnswerError, Client, TransportFailure

HOST = "127.0.0.1"
_MAX_HEALTH_BYTES = 64 * 1024
_SILENT = ("no-answer", "too-slow")


@dataclass(frozen=True, slots=True)
class Unready:
    """What a look at /healthz found: `code` refused, hangs, garbage or answer, `told` the same in words."""

    code: str
    label: str


def probe(base_url: str, seconds: float) -> Unready | None:
    """One GET /healthz within `seconds`; None where the service is ready."""
    client = Client(base_url, deadline=seconds, max_bytes=_MAX_HEALTH_BYTES)
    try:
        answer = client.get("/healthz")
    except TransportFailure as failure:
        return _no_answer(failure)
    wrong = _unhealthy(answer)
    return Unready("answer", wrong) if wrong else None


def _no_answer(failure: TransportFailure) -> Unready:
    if failure.code == "refused":
        return Unready("refused", "nothing listens on its port yet")
    if failure.code in _SILENT:
        return Unready("hangs", "`GET /healthz` is not answered")
    told = failure.message.partition(": ")[2] or failure.message
    return Unready("garbage", told)


def _unhealthy(answer: Answer) -> str:
    """Why that answer is no sign of health; empty where it is one."""
    body = sanitize(answer.body, limit=200, one_line=True)
    told = f"`GET /healthz` answers {answer.status}" + (f" with `{body}`" if body else " with an empty body")
    if answer.status != 200:
        return told
    try:
        value = answer.json()
    except AnswerError as error:
        return f"{told} ({error.code})"
    return "" if isinstance(value, dict) and value.get("status") == "ok" else told
