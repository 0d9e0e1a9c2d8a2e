"""How verdicts add up to a grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from graders.results.verdicts import CheckResult, Cost
from graders.sandbox.promises import UNCONFINED, Confinement


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the run, for people who wonder where the time went. Nothing is judged by it."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Why no check could run, or why the run ended early: the submission's own doing, reported once.

    `code` is one of the service's failures (`never-bound`, `exited`, ...), `output` its last lines.
    """

    code: str
    message: str
    hint: str
    output: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the service that costs no point but that its author wants to know, such as a flood of output."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about the submission that a person who decides on it should know; it changes no points.

    `kind`: a `note` informs, a `hold` asks a person to look before the grade is used. `code` names the kind of fact
    (`marker-disagrees`, `binary-only`, ...), `reason` is one sentence.
    """

    kind: Literal["note", "hold"]
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunningProgram:
    """What the service really ran as, seen from outside. `command`: the command line of the process that listened;
    `executable`: its program; `runtime`: the interpreter with its version, "" for a program of the submission's own."""

    command: str
    executable: str
    runtime: str


@dataclass(frozen=True, slots=True)
class ReachedStage:
    """The stage that a submission has opened: the `number`-th (from 1) `of` so many."""

    id: str
    title: str
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Grade:
    """One submission judged once. `findings` are advice; `stop` is set where the service could not be judged.

    `stage`: None for a kata without stages, and where all of them are open at once; `assistants`: what AGENTS.md
    asked of coding assistants; `flags`: what a person who decides should know; `digests`: SHA-256 (hex) of `grader`
    (the code that judged), `stack` (what its dependencies were installed from) and `postgres` (the server's program);
    `confinement`: what the sandbox was seen to promise; `program`: None where nothing came to run.
    """

    kata: str
    title: str
    stack: str
    pack_digest: str
    submission_digest: str
    seed: int
    tier: str
    dataset: str
    checks: tuple[CheckResult, ...]
    findings: tuple[Mapping[str, Any], ...]
    phases: tuple[Phase, ...]
    versions: Mapping[str, str]
    partial: bool = False
    stop: Stop | None = None
    notices: tuple[Notice, ...] = ()
    stage: ReachedStage | None = None
    assistants: str | None = None
    flags: tuple[Flag, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    confinement: Confinement = UNCONFINED
    program: RunningProgram | None = None

    @property
    def runs_on(self) -> str:
        """The stack, with the runtime where that was seen."""
        runtime = self.program.runtime if self.program else ""
        return f"{self.stack} ({runtime})" if runtime else self.stack

    @property
    def valid(self) -> bool:
        """False where a check is broken: then the grade says nothing about the learner."""
        return bool(self.checks) and all(check.verdict != "broken" for check in self.checks)

    @property
    def score(self) -> int:
        return total(self.checks)

    @property
    def max(self) -> int:
        return sum(check.max for check in self.checks)

    @property
    def costs(self) -> tuple[Cost, ...]:
        return tuple(cost for check in self.checks for cost in check.costs)

    @property
    def exit_code(self) -> int:
        """0 all passed, 1 not there yet, 3 ours."""
        if not self.valid:
            return 3
        return 0 if all(check.verdict == "passed" for check in self.checks) else 1


def total(checks: Sequence[CheckResult]) -> int:
    """The points of the checks that passed."""
    return sum(check.points for check in checks)
