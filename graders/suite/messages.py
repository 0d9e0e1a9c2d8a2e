"""What the grader and a suite's process say to each other, as records; `graders.results.codec` makes lines of them.

The host is sent `Prepare` and `SuiteJob`. A suite says `Hello`, then `Started` and `Report` for each check, and last
`Ended`. In between it may send a `Call`, which is answered by `Returned`, `Failed` or `Refused`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from graders.backing.postgres import PostgresAccess
from graders.results.grade import Stop


@dataclass(frozen=True, slots=True)
class Prepare:
    """Import what the suite in this folder imports."""

    suite: Path


@dataclass(frozen=True, slots=True)
class SuiteJob:
    """Everything a suite needs to know. `suite`: folder of the checks' files; `checks`: the manifest of ids;
    `selected`: those to run, in that order; `tables`: those of the kata before the submission touched them;
    `perturbed`: perturb some answers (see perturbation); `fail_fast`: end after the first failed check;
    `shown_url`: the base URL that curl lines and messages name instead of `base_url`, which ends with the run."""

    suite: Path
    directory: Path
    checks: Sequence[str]
    selected: Sequence[str]
    seed: int
    base_url: str
    postgres: PostgresAccess
    tables: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, str]
    perturbed: bool = False
    fail_fast: bool = False
    shown_url: str = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """The suite's process runs; `pid` is its id."""

    pid: int


@dataclass(frozen=True, slots=True)
class Started:
    """A check begins."""

    check: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The suite has reported everything that it will. `exit_code` is pytest's; `error`: why the suite cannot be
    trusted; `stopped_by`: the check during which the service died, and `stop` how; `findings`: advice over all
    recordings."""

    exit_code: int
    error: str | None = None
    stopped_by: str | None = None
    stop: Stop | None = None
    findings: tuple[Mapping[str, Any], ...] = ()


Action = Literal[
    "alive", "another", "exited", "kill", "mark", "output", "printed", "restart", "restore", "start", "stop"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the methods of `Control`, with its arguments by name."""

    action: Action
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Returned:
    """A call's value, plain."""

    value: Any = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The service did not do what was asked of it: the submission's failure."""

    stop: Stop


@dataclass(frozen=True, slots=True)
class Refused:
    """The call could not be made: the suite's mistake, or ours."""

    message: str
    hint: str = ""
