"""What can be wrong with a service, in words for its author: what was seen, and what to do next."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from graders.escape import sanitize
from graders.results.grade import Notice, Stop
from graders.sandbox.base import Listener
from graders.submission.procfile import Command, ProcfileError
from graders.submission.readiness import Unready

_EXAMPLE = "`web: uvicorn app:app --host $HOST --port $PORT`"


class ServiceFailure(Exception):
    """The submission's own doing: `code` names it, `message` what was seen, `hint` the next step.

    `output` is what the service printed, its end being what matters. Codes: dependencies-refused, no-procfile,
    bad-procfile, build-failed, release-failed, release-left-a-mess, exited, never-bound, bound-elsewhere,
    not-healthy, garbage, hangs, exited-after-ready, disk-filled.
    """

    def __init__(self, code: str, message: str, *, hint: str, output: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.output = output

    @property
    def stop(self) -> Stop:
        """The failure as reports carry it."""
        return Stop(self.code, self.message, self.hint, self.output)


def bad_procfile(error: ProcfileError) -> ServiceFailure:
    if not error.line:
        return ServiceFailure(
            "no-procfile",
            f"The service cannot be started: {error.message}.",
            hint=f"Add a file `Procfile` with the line that starts your service, e.g. {_EXAMPLE}.",
        )
    return ServiceFailure(
        "bad-procfile",
        f"Procfile line {error.line}: {error.message}.",
        hint=f"Each line is a name, a colon and a shell command, e.g. {_EXAMPLE}.",
    )


def build_failed(command: str, status: int, output: str) -> ServiceFailure:
    return ServiceFailure(
        "build-failed",
        f"The build step `{sanitize(command, limit=200, one_line=True)}` ended {how_it_ended(status)}.",
        hint="Run it in your repository to see the same; the service is not started before it succeeds.",
        output=output,
    )


def with_missing_module(failure: ServiceFailure, module: str, file: str) -> ServiceFailure:
    """The same failure, its hint led by what to do about a module that is not installed."""
    name = sanitize(module, limit=100, one_line=True)
    return ServiceFailure(
        failure.code,
        failure.message,
        hint=f"`{name}` is not installed: add its package to {file}. {failure.hint}",
        output=failure.output,
    )


def with_limits(failure: ServiceFailure, exceeded: Sequence[str]) -> ServiceFailure:
    """The same failure, its hint led by the limits of the sandbox that the command ran into."""
    if not exceeded:
        return failure
    return ServiceFailure(
        failure.code,
        failure.message,
        hint=f"It ran into {' and '.join(exceeded)}, which hold for every submission. {failure.hint}",
        output=failure.output,
    )


def release_left_a_mess(blame: str) -> ServiceFailure:
    return ServiceFailure(
        "release-left-a-mess",
        f"After `release` the tables cannot be used. {blame}",
        hint="`release` must leave tables that others can read, change and analyze, and no session behind.",
    )


def release_failed(command: Command, status: int | None, seconds: float, output: str) -> ServiceFailure:
    how = f"had not ended after {seconds:g} s" if status is None else f"ended {how_it_ended(status)}"
    return ServiceFailure(
        "release-failed",
        f"{_named(command)} {how}, so the service was not started.",
        hint="`release` runs once before `web`, with the same environment, and must end with exit code 0.",
        output=output,
    )


def exited(command: Command, status: int, output: str) -> ServiceFailure:
    said = "Its last output says why." if output.strip() else ""
    hint = f"{said} {_exit_hint(status)}".strip()
    return ServiceFailure(
        "exited",
        f"{_named(command)} ended {how_it_ended(status)} before the service was ready.",
        hint=hint or "It printed nothing; run that command by hand, with PORT and HOST set, to see why.",
        output=output,
    )


def exited_after_ready(command: Command, status: int, output: str) -> ServiceFailure:
    return ServiceFailure(
        "exited-after-ready",
        f"{_named(command)} was ready, and then exited {how_it_ended(status)} while it was being judged.",
        hint=f"Its last output says what it was doing. {_exit_hint(status)}".strip(),
        output=output,
    )


def not_ready(
    found: Unready,
    *,
    command: Command,
    listeners: Sequence[Listener] | None,
    place: tuple[str, int],
    seconds: float,
    output: str,
) -> ServiceFailure:
    """The failure of a service that runs but did not become ready within `seconds`; `place` is (HOST, PORT)."""
    within = f"within {seconds:g} s"
    if found.code == "refused":
        return _not_listening(command, listeners or (), place, within, output)
    if found.code == "hangs":
        message = f"The service took the connection, but did not answer `GET /healthz` {within}."
        hint = (
            "Look for what blocks it: a database call without a connection, a lock, work done before serving."
        )
    elif found.code == "garbage":
        message = f"The service took the connection, but did not answer with HTTP: {found.label}."
        hint = "PORT must be served with plain HTTP/1.1 (no TLS, no other protocol)."
    else:
        message = f"The service answers, but did not become healthy: {found.label}."
        hint = (
            '`GET /healthz` must answer 200 with the body {"status": "ok"} as soon as the service can serve.'
        )
    return ServiceFailure(
        {"answer": "not-healthy"}.get(found.code, found.code), message, hint=hint, output=output
    )


def _not_listening(
    command: Command, listeners: Sequence[Listener], place: tuple[str, int], within: str, output: str
) -> ServiceFailure:
    host, port = place
    if not listeners:
        return ServiceFailure(
            "never-bound",
            f"{_named(command)} runs, but listened on no port {within}.",
            hint=f"It must listen on the host and port in the variables HOST and PORT, e.g. {_EXAMPLE}.",
            output=output,
        )
    where = " and ".join(str(listener) for listener in listeners[:4])
    wrong = (
        f"the address is not HOST ({host})"
        if any(listener.port == port for listener in listeners)
        else f"the port is not PORT ({port})"
    )
    return ServiceFailure(
        "bound-elsewhere",
        f"The service listens on {where}, not on {host}:{port}: {wrong}.",
        hint=f"Take both from the variables HOST and PORT, e.g. {_EXAMPLE} (Procfile line {command.line}).",
        output=output,
    )


def disk_filled(where: str, grown: int, most: int) -> ServiceFailure:
    """`where`: files, or database; `grown` and `most` in bytes."""
    amount, limit = f"{grown / 2**20:,.0f} MB", f"limit {most / 2**20:,.0f} MB"
    if where == "files":
        message = f"The service wrote {amount} of files and was ended ({limit})."
        hint = "Look for what it writes without end: a log, a cache, uploads that are kept, files in TMPDIR."
    else:
        message = f"The service's database grew by {amount}, and the service was ended ({limit})."
        hint = (
            "Look for a loop that inserts, for a statement that joins everything with everything, and for very long"
            " statements and parameters, which are logged."
        )
    return ServiceFailure("disk-filled", message, hint=hint)


def dependencies_refused(said: str, output: str, file: str, lock: str | None) -> ServiceFailure:
    """`said`: where the dependency is declared and the installer's words; `lock`: another tool's file that is there."""
    hint = f"Correct it in {file}. The package index can be reached, so that the network is not the reason."
    if lock is not None:
        hint += f" {lock} is not read."
    text = "\n".join(sanitize(line, limit=400) for line in said.splitlines())
    return ServiceFailure(
        "dependencies-refused",
        f"The dependencies cannot be installed. {text}",
        hint=hint,
        output=output,
    )


def lock_not_read(lock: str, file: str, command: str) -> Notice:
    return Notice(
        "lock-not-read", f"{lock} is not read: dependencies are installed from {file}. `{command}` writes it."
    )


def stopped_the_grader(times: int) -> Notice:
    often = "once" if times == 1 else f"{times} times"
    return Notice(
        "grader-stopped",
        f"While the service ran, kata was stopped by a signal {often}, and went on."
        " A service must send signals to its own processes only (not `kill -STOP` to its parents, nor to all).",
    )


def not_read(file: str, instead: str) -> Notice:
    return Notice("dependencies-not-read", f"{file} is not read: dependencies are installed from {instead}.")


def hangs_on_shutdown(command: Command, seconds: float) -> Notice:
    return Notice(
        "hangs-on-shutdown",
        f"{_named(command)} was still running {seconds:g} s after SIGTERM and was killed."
        " End the server when SIGTERM comes; a shell in front of it must `exec` it or pass the signal on.",
    )


def flooded_output(command: Command, printed: int) -> Notice:
    return Notice(
        "flooded-output",
        f"{_named(command)} printed {printed // 2**20} MB; only the beginning and the end were kept."
        " Log less: a line for each request is plenty.",
    )


def how_it_ended(status: int) -> str:
    """`with exit code 3`, or `by signal SIGKILL`, also where a shell says 128 + signal."""
    number = -status if status < 0 else status - 128
    if status < 0 or (status > 128 and number in {member.value for member in signal.Signals}):
        name = signal.Signals(number).name if number in {s.value for s in signal.Signals} else str(number)
        return f"by signal {name}"
    return f"with exit code {status}"


def _exit_hint(status: int) -> str:
    if status == 127:
        return "127 means that a command was not found: is it installed, and spelt as in the Procfile?"
    if status == 126:
        return "126 means that a command was found but may not be executed."
    if status == 0:
        return "`web` must stay in the foreground and must not put itself into the background."
    if status in (-9, 137):
        return "SIGKILL often means that the machine ran out of memory."
    return ""


def _named(command: Command) -> str:
    text = sanitize(command.text, limit=200, one_line=True)
    return f"`{command.name}` (Procfile line {command.line}: `{text}`)"
