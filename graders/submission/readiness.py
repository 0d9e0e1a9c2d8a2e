"""Whether a service is ready: one look at /healthz, and what it found in words."""

from __future__ import annotations

from dataclasses import dataclass

from graders.escape import sanitize
from graders.http.client import Answer, AnswerError, Client, TransportFailure

HOST = "127.0.0.1"
NOTHING_LISTENS = "nothing listens on its port yet"
_MAX_HEALTH_BYTES = 64 * 1024
_SILENT = ("no-answer", "too-slow")


@dataclass(frozen=True, slots=True)
class Unready:
    """What a look at /healthz found: `code` refused, hangs, garbage or answer, `label` the same in words.

    `final`: no service that is still starting answers like this. `status` is that of the answer, 0 without one.
    """

    code: str
    label: str
    final: bool = False
    status: int = 0


def base_url_of(address: str, port: int) -> str:
    """Where to reach a listener on `address`, which may be the wildcard address."""
    host = {"0.0.0.0": HOST, "::": "::1"}.get(address, address)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def probe(base_url: str, seconds: float) -> Unready | None:
    """One GET /healthz within `seconds`; None where the service is ready."""
    client = Client(base_url, deadline=seconds, max_bytes=_MAX_HEALTH_BYTES)
    try:
        answer = client.get("/healthz")
    except TransportFailure as failure:
        return _no_answer(failure)
    wrong = _unhealthy(answer)
    # Below 500 the service does not claim that it cannot serve yet.
    return Unready("answer", wrong, final=answer.status < 500, status=answer.status) if wrong else None


def _no_answer(failure: TransportFailure) -> Unready:
    if failure.code == "refused":
        return Unready("refused", NOTHING_LISTENS)
    if failure.code in _SILENT:
        return Unready("hangs", "`GET /healthz` is not answered")
    return Unready("garbage", failure.message.partition(": ")[2] or failure.message, final=True)


def _unhealthy(answer: Answer) -> str:
    """Why that answer is not a sign of health; empty where it is one."""
    body = sanitize(answer.body, limit=200, one_line=True)
    described = f"`GET /healthz` answers {answer.status}" + (
        f" with `{body}`" if body else " with an empty body"
    )
    if answer.status != 200:
        return described
    try:
        value = answer.json()
    except AnswerError as error:
        return f"{described} ({error.code})"
    return "" if isinstance(value, dict) and value.get("status") == "ok" else described
