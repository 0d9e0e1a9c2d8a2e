"""What a submission may write to disk, to its own files and to its database; more ends it, and is its own failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.sandbox.base import Sandbox
from graders.sandbox.quota import MOST_BYTES, Overrun, bounded
from graders.sandbox.tracked import TrackedSandbox
from graders.submission import failures
from graders.submission.failures import ServiceFailure


class DiskBound:
    """Start the submission's commands in `sandbox`; once `failure` is not None they have been ended for good.

    `files`: the run's directory; `database`: PostgreSQL's (None: on a server that is not ours); `end_sessions` ends
    the service's sessions, whose statements go on without it.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        files: Path,
        database: Path | None,
        end_sessions: Callable[[], None],
        most: int = MOST_BYTES,
    ) -> None:
        self.sandbox = TrackedSandbox(sandbox)
        self._failure: ServiceFailure | None = None
        self._files = files
        self._database = database
        self._end_sessions = end_sessions
        self._most = most

    def failure(self) -> ServiceFailure | None:
        """Why nothing of the submission runs any more."""
        return self._failure

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hold the submission to the bound for as long as the block lasts."""
        places = [self._files, *([] if self._database is None else [self._database])]
        with bounded(places, self._exceeded, most=self._most):
            yield

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """A failure of the block is this one where the bound was what ended it."""
        try:
            yield
        except ServiceFailure:
            if self._failure is not None:
                raise self._failure from None
            raise

    def _exceeded(self, overrun: Overrun) -> None:
        where = "files" if overrun.place == self._files else "database"
        self._failure = failures.disk_filled(where, overrun.grown, overrun.most)
        self.sandbox.end_all()
        self._end_sessions()
