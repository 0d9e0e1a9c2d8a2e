"""A service under the eyes of its author: what it prints, what each request costs, and a restart after each save."""

from __future__ import annotations

import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from graders.errors import KataError
from graders.grading.grader import RunningSubmission
from graders.grading.recording_proxy import Overlap, RecordingProxy, recording_proxy
from graders.logs.recorder import Recorder
from graders.submission.failures import ServiceFailure
from graders.submission.folder import Submission
from graders.submission.resembling import alike
from toolkit.boundary import print_error
from toolkit.served import announced
from toolkit.settings import Settings
from toolkit.views.paint import Paint
from toolkit.views.printed import printed_lines
from toolkit.views.terminal import render_stop
from toolkit.views.traffic import HEADING, overlap_lines
from toolkit.watch import each_change

_LOOK_SECONDS = 0.1
# Lines of one moment; a service that floods its output must not hide the requests.
_MOST_LINES = 200
_INDENT = " " * 12


class LiveOutput:
    """Prints what a service prints, line by line, between the other lines. `rewrite` writes it for its author."""

    def __init__(self, paint: Paint) -> None:
        self.rewrite: Callable[[str], str] = lambda text: text
        self.turn = threading.RLock()
        self._paint = paint
        self._waiting = bytearray()
        self._unfinished = b""

    def hear(self, data: bytes) -> None:
        """Take the next bytes, from whichever thread reads them."""
        with self.turn:
            self._waiting += data

    def say(self, text: str) -> None:
        """Print other lines, after what the service has printed by now."""
        with self.turn:
            self.flush()
            print(text, flush=True)

    def flush(self) -> None:
        """Print the lines that are complete, and the last one when nothing more has come since the last time."""
        with self.turn:
            end = self._waiting.rfind(b"\n") + 1
            if bytes(self._waiting[end:]) == self._unfinished:
                end = len(self._waiting)
            text = bytes(self._waiting[:end]).decode("utf-8", "replace")
            del self._waiting[:end]
            self._unfinished = bytes(self._waiting)
            lines = self.rewrite(text).splitlines()
            for line in printed_lines(lines[:_MOST_LINES], self._paint, indent=_INDENT):
                print(line)
            if len(lines) > _MOST_LINES:
                print(f"{_INDENT}{self._paint(f'{len(lines) - _MOST_LINES} more lines', 'dim')}")
            if lines:
                print(end="", flush=True)


class Saves:
    """What has been saved in a repository since it was last asked; looked for in a thread of its own."""

    def __init__(self, root: Path) -> None:
        self._wait = each_change(root)
        self._found: queue.SimpleQueue[frozenset[Path] | KataError] = queue.SimpleQueue()
        threading.Thread(target=self._look, daemon=True).start()

    def taken(self) -> frozenset[Path]:
        """The files that changed. Raises KataError where the repository can no longer be watched."""
        found: set[Path] = set()
        while not self._found.empty():
            one = self._found.get()
            if isinstance(one, KataError):
                raise one
            found |= one
        return frozenset(found)

    def _look(self) -> None:
        while True:
            try:
                self._found.put(self._wait())
            except (KataError, OSError) as error:
                said = error.message if isinstance(error, KataError) else str(error)
                hint = "restart `kata serve` after a change"
                self._found.put(KataError(f"the repository is not watched any more: {said}", hint=hint))
                return


@dataclass(slots=True)
class Serving:
    """One `kata serve`. `saves` is None where it does not restart after a save."""

    running: RunningSubmission
    submission: Submission
    settings: Settings
    paint: Paint
    output: LiveOutput
    saves: Saves | None
    _death_is_reported: bool = False

    def run(self, port: int | None) -> int:
        """Serve until Ctrl-C, or until the service has ended and no save can start it again; the exit code."""
        cluster, service = self.running.cluster, self.running.control.service
        _show_activity(cluster.admin_url, cluster.role)
        with ExitStack() as stack:
            recorder = stack.enter_context(
                Recorder(cluster.admin_url, cluster.log, role=cluster.role, wire=cluster.evidence.meter())
            )
            proxy = stack.enter_context(recording_proxy(service.port, recorder, self._on_overlap, port=port))
            stack.enter_context(announced(self.submission.root, proxy.port, self.settings))
            self.output.say(self._greeting(proxy.base_url))
            while self._goes_on():
                self._restart_after_a_save(proxy)
                self.output.flush()
                time.sleep(_LOOK_SECONDS)
        return 1

    def _on_overlap(self, overlap: Overlap) -> None:
        self.output.say(overlap_lines(overlap, self.paint, verbose=self.settings.verbose))

    def _goes_on(self) -> bool:
        if self.running.control.service.alive:
            return True
        if not self._death_is_reported:
            self._death_is_reported = True
            failure = self.running.control.service.exited()
            if failure is not None:
                self._say_failure(failure)
        return self.saves is not None

    def _restart_after_a_save(self, proxy: RecordingProxy) -> None:
        try:
            changed = self.saves.taken() if self.saves is not None else frozenset()
        except KataError as error:
            print_error(error)
            self.saves = None
            return
        if not changed:
            return
        names = sorted(path.relative_to(self.submission.root).as_posix() for path in changed)
        try:
            with proxy.paused():
                self.running.control.service.stop()
                self.running.copy_again()
                self.running.control.service.reload()
            self._death_is_reported = False
            self.output.say(self.paint(f"restarted: {_listed(names)} changed", "dim"))
        except ServiceFailure as failure:
            self._death_is_reported = True
            self._say_failure(failure)
        except KataError as error:
            self.output.flush()
            print_error(error)
        self._say_dependencies(names)

    def _say_failure(self, failure: ServiceFailure) -> None:
        self.output.say("\n" + render_stop(failure.stop, self.paint))
        if self.saves is not None:
            self.output.say(f"\n{self.paint('The next save starts it again; Ctrl-C ends.', 'dim')}")

    def _say_dependencies(self, names: Iterable[str]) -> None:
        deciding = {name for stack in alike(self.submission.stack) for name in stack.inputs}
        changed = [name for name in names if name in deciding]
        if changed:
            said = f"{_listed(changed)} changed: end this with Ctrl-C and start it again to install what it names"
            self.output.say(self.paint(said, "yellow"))

    def _greeting(self, base_url: str) -> str:
        paint, cluster = self.paint, self.running.cluster
        psql = "psql" if shutil.which("psql") else "psql (not on this machine; any client will do)"
        ends = "Ctrl-C ends it and removes the database."
        lines = [
            f"{paint(self.submission.kata.slug, 'bold')} is up; {ends}",
            *([paint("Each save restarts it.", "dim")] if self.saves is not None else []),
            "",
            f"  {paint('service', 'bold')}   curl -sS {paint(base_url + '/healthz', 'cyan')}",
            f"  {paint('database', 'bold')}  {psql} {paint(cluster.service_url, 'cyan')}",
        ]
        if self.settings.verbose:
            lines.append(f"  {paint('copy', 'bold')}      {self.running.folder / 'work'}")
        return "\n".join((*lines, "", paint(HEADING, "dim")))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _show_activity(admin_url: str, role: str) -> None:
    """Whoever looks at locks and sessions in psql sees them here; a graded run hides them from the service."""
    from psycopg import sql

    from graders.libpq import connect

    with connect(admin_url, autocommit=True) as session:
        session.execute(sql.SQL("grant pg_read_all_stats to {}").format(sql.Identifier(role)))
