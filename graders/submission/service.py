"""A submission as a running service: its Procfile started, watched, restarted and ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from graders.errors import SandboxError
from graders.results.grade import Notice
from graders.sandbox.base import OutputBuffer
from graders.sandbox.ports import free_port
from graders.sandbox.program import Program, program_on
from graders.sandbox.sockets import is_held
from graders.sandbox.wires import Wires
from graders.submission import failures
from graders.submission.failures import ServiceFailure
from graders.submission.procfile import Command, Procfile, ProcfileError, read_procfile
from graders.submission.readiness import HOST
from graders.submission.startup import PortTakenError, Running, Startup
from graders.submission.terms import Deadlines, Terms, environment_of
from graders.submission.wiring import wires_of

__all__ = ["Deadlines", "Notice", "Service", "ServiceFailure", "Terms", "prepare", "serve"]

# Ports that are tried after the first one, where another program holds it.
_OTHER_PORTS = 3
_RELEASE_OF_A_PORT_SECONDS = 1.0
_FLOOD_BYTES = 8 * 1024 * 1024


class Service:
    """A service and its worker on one port. `serve` makes it; `another` adds one on the same database."""

    def __init__(self, terms: Terms, procfile: Procfile, port: int | None = None) -> None:
        self._terms = terms
        self._procfile = procfile
        # Who knows the service by its address does not hear of another port.
        self._port_is_known = port is not None
        self._variables: dict[str, str] = dict(terms.variables)
        self._database_url = terms.database_url
        self._running: list[Running] = []
        self._ended: list[Running] = []
        self._others: list[Service] = []
        self._since_mark: list[tuple[OutputBuffer, int]] = []
        self._notices: dict[str, Notice] = {}
        self._lock = threading.RLock()
        self.host = HOST
        self.port = free_port() if port is None else port

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def program(self) -> Program | None:
        """What listens on the service's port, as the system knows it; None where that cannot be seen."""
        for running in self._running:
            if (found := program_on(running.process.pid, self.port)) is not None:
                return found
        return None

    @property
    def alive(self) -> bool:
        """True while the web process runs."""
        return bool(self._running) and self._running[0].process.poll() is None

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was noticed so far, each code once."""
        return tuple(self._notices.values())

    def output(self) -> str:
        """What the web process and the worker printed since they were last started, safe to show."""
        parts = [running.output.text().rstrip("\n") for running in self._running or self._ended]
        if len(parts) < 2 or not parts[1]:
            return parts[0] if parts else ""
        return f"{parts[0]}\n--- worker ---\n{parts[1]}".lstrip("\n")

    def mark(self) -> None:
        """Let `printed` give what is printed from now on."""
        with self._lock:
            self._since_mark = [(running.output, running.output.mark()) for running in self._running]

    def printed(self) -> str:
        """What this instance printed since the last `mark`, restarts included, safe to show."""
        texts = (output.text(since).strip("\n") for output, since in self._since_mark)
        return "\n".join(text for text in texts if text)

    def start(self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None) -> None:
        """Starts web and worker and waits until the service is ready. Raises ServiceFailure; nothing runs then.

        `variables` (on top of the first ones) and `database_url` replace what an earlier start was given.
        """
        with self._lock:
            if self.alive:
                return
            self._must_not_be_given_up()
            self._end_all()
            if variables is not None:
                self._variables = {**self._terms.variables, **variables}
            if database_url is not None:
                self._database_url = database_url
            self._start_on_a_free_port()

    def stop(self) -> None:
        """SIGTERM, then after `stop_seconds` (or the command's end) the whole tree is killed."""
        with self._lock:
            for running in self._running:
                running.process.terminate()
            deadline = time.monotonic() + self._terms.deadlines.stop
            for running in self._running:
                if running.process.wait(max(0.0, deadline - time.monotonic())) is None:
                    self._notice(failures.hangs_on_shutdown(running.command, self._terms.deadlines.stop))
            self._end_all()

    def kill(self) -> None:
        """SIGKILL for everything that the service started; returns when it has ended."""
        with self._lock:
            self._end_all()

    def restart(self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None) -> None:
        """Stops and starts again on the same port, `release` not repeated. Arguments as for `start`."""
        with self._lock:
            self.stop()
            self.start(variables, database_url=database_url)

    def reload(self) -> None:
        """Reads the Procfile again, runs its `release` and starts on the same port: the files have changed.

        Raises ServiceFailure; nothing runs then.
        """
        with self._lock:
            self.stop()
            self._procfile = _procfile_of(self._terms.root)
            self.release()
            self.start()

    def another(
        self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> Service:
        """One more instance, started and ready, on the same database and its own port; it ends with this one."""
        other = Service(self._terms, self._procfile)
        self._others.append(other)
        other.start({**self._variables, **(variables or {})}, database_url=database_url or self._database_url)
        return other

    def exited(self) -> ServiceFailure | None:
        """The failure to report when the service exited unasked after it had been ready; None while it lives."""
        if (given_up := self._terms.given_up()) is not None:
            return given_up
        status = self._web.process.poll() if self._running else None
        if status is None:
            return None
        failure = failures.exited_after_ready(self._web.command, status, self.output())
        return failures.with_limits(failure, self._web.process.exceeded())

    def close(self) -> None:
        """Kills this instance and the others that it made."""
        with self._lock:
            for other in self._others:
                other.close()
            self._end_all()

    def release(self) -> None:
        """Runs the Procfile's `release`, if there is one, to its end. Raises ServiceFailure."""
        command = self._procfile.release
        if command is None:
            return
        running = self._launch(command, lasting=True)
        try:
            status = running.process.wait(self._terms.deadlines.release)
        finally:
            running.process.kill()
        self._must_not_be_given_up()
        if status != 0:
            failure = failures.release_failed(
                command, status, self._terms.deadlines.release, running.output.text()
            )
            raise failures.with_limits(failure, running.process.exceeded())

    @property
    def _web(self) -> Running:
        return self._running[0]

    def _start_on_a_free_port(self) -> None:
        """Raises SandboxError where other programs hold the port, or each one that was tried."""
        for _ in range(1 + _OTHER_PORTS):
            try:
                self._start_once()
            except PortTakenError:
                if self._port_is_known:
                    _await_release(self.port)
                else:
                    self.port = free_port()
            else:
                self._port_is_known = True
                return
        raise _port_taken(self.port)

    def _start_once(self) -> None:
        """Raises ServiceFailure, or PortTakenError where another program holds the port; nothing runs then."""
        if is_held(self.port):
            raise PortTakenError
        try:
            self._running = [self._launch(self._procfile.web)]
            if self._procfile.worker is not None:
                self._running.append(self._launch(self._procfile.worker))
            terms = self._terms
            Startup(self._running, self.port, terms.deadlines.ready, self.output, terms.waiting).wait()
        except ServiceFailure:
            self._end_all()
            self._must_not_be_given_up()
            # Whoever holds the port when nothing of the service is left is another program.
            if is_held(self.port):
                raise PortTakenError from None
            raise
        except BaseException:
            self._end_all()
            raise

    def _must_not_be_given_up(self) -> None:
        if (given_up := self._terms.given_up()) is not None:
            raise given_up

    def _launch(self, command: Command, *, lasting: bool = False) -> Running:
        terms = self._terms
        output = OutputBuffer(heard=terms.heard, rewrite=terms.rewrite)
        self._since_mark.append((output, 0))
        env = environment_of(terms, self._variables, self._database_url)
        env["PORT"] = str(self.port)
        process = terms.sandbox.start(
            command.text,
            cwd=terms.root,
            env=env,
            output=output,
            mounts=terms.mounts(lasting=lasting),
            limits=terms.limits,
            wires=self._wires(command, env),
        )
        return Running(command, process, output)

    def _wires(self, command: Command, env: Mapping[str, str]) -> Wires:
        """The web process serves the port; a worker may ask it there."""
        if command.name == "web":
            return wires_of(env, serves=self.port)
        return wires_of(env, also=(self.port,))

    def _end_all(self) -> None:
        for running in self._running:
            running.process.kill()
            if running.output.total > _FLOOD_BYTES:
                self._notice(failures.flooded_output(running.command, running.output.total))
        self._ended, self._running = self._running or self._ended, []

    def _notice(self, notice: Notice) -> None:
        self._notices.setdefault(notice.code, notice)


def _await_release(port: int) -> None:
    """Give a program that has the port a moment to end."""
    until = time.monotonic() + _RELEASE_OF_A_PORT_SECONDS
    while is_held(port) and time.monotonic() < until:
        time.sleep(0.01)


def _port_taken(port: int) -> SandboxError:
    return SandboxError(
        f"another program listens on port {port}, which was meant for the service",
        hint="end that program, or run the command again to have another port chosen",
    )


def _procfile_of(root: Path) -> Procfile:
    try:
        return read_procfile(root)
    except ProcfileError as error:
        raise failures.bad_procfile(error) from None


@contextmanager
def prepare(terms: Terms, *, port: int | None = None) -> Iterator[Service]:
    """The service of the repository, not yet released or started; everything of it ends with the block.

    Without `port` it gets a free one. Raises ServiceFailure for a Procfile that cannot be read.
    """
    service = Service(terms, _procfile_of(terms.root), port)
    try:
        yield service
    finally:
        service.close()


@contextmanager
def serve(terms: Terms, *, port: int | None = None) -> Iterator[Service]:
    """As `prepare`, with `release` run and the service started and ready."""
    with prepare(terms, port=port) as service:
        service.release()
        service.start()
        yield service
