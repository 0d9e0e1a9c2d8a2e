"""Whether a service is ready: a free port for it to take, and one look at /healthz."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass

from graders.client import Answer, AnswerError, Client, TransportFailure
from graders.errors import SandboxError
from graders.escape import shown

HOST = "127.0.0.1"
# From 32768 on, a connection to a port that nothing listens on may reach itself.
_PORTS = range(15000, 32000)
_MAX_HEALTH_BYTES = 64 * 1024
_SILENT = ("no-answer", "too-slow")


@dataclass(frozen=True, slots=True)
class Unready:
    """What a look at /healthz found: `code` refused, hangs, garbage or answer, `told` the same in words."""

    code: str
    told: str


def free_port() -> int:
    """A random port below the ephemeral range that nothing uses on any interface. Raises SandboxError."""
    choice = random.SystemRandom()
    for _ in range(200):
        port = choice.choice(_PORTS)
        if is_free(port):
            return port
    raise SandboxError(
        f"no free TCP port was found between {_PORTS.start} and {_PORTS.stop - 1}",
        hint="end the programs that hold them, then run the command again",
    )


def is_free(port: int) -> bool:
    """True where nothing is bound to `port`."""
    with socket.socket() as trial:
        # Connections that linger in TIME_WAIT from an earlier instance must not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("", port))
        except OSError:
            return False
    return True


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
    body = shown(answer.body, limit=200, one_line=True)
    told = f"`GET /healthz` answers {answer.status}" + (f" with `{body}`" if body else " with an empty body")
    if answer.status != 200:
        return told
    try:
        value = answer.json()
    except AnswerError as error:
        return f"{told} ({error.code})"
    return "" if isinstance(value, dict) and value.get("status") == "ok" else told
