"""The errors that leave this package; each says what happened, where, and what to do next."""

from __future__ import annotations

from pathlib import Path


class KataError(Exception):
    """Something that is not the learner's failure.

    `message` says what happened and where, `hint` is the next step, `exit_code` what the command ends with
    (2: usage or content mistake, 3: ours).
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(KataError):
    """The call, or the folder it names, is not what the command needs."""

    exit_code = 2


class PackError(KataError):
    """A mistake in a pack's files, with the place to fix it (`line` and `column` count from 1).

    `problem`: the message without the place.
    """

    exit_code = 2

    def __init__(
        self, message: str, *, path: Path, line: int | None = None, column: int | None = None, hint: str = ""
    ) -> None:
        where = ":".join(str(part) for part in (path, line, column) if part is not None)
        super().__init__(f"{where}: {message}", hint=hint)
        self.problem = message
        self.path = path
        self.line = line
        self.column = column


class SandboxError(KataError):
    """The place where foreign code runs could not be made."""


class DatabaseError(KataError):
    """PostgreSQL could not be found, started, reached or read."""


class SuiteError(KataError):
    """The grader's own suite did not run as it should."""
