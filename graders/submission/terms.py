"""What the commands of a submission run under: where, with which variables, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders.packs.placeholders import fill, postgres_values
from graders.sandbox.base import Limits, Mount, Sandbox
from graders.submission.failures import ServiceFailure
from graders.submission.readiness import HOST, Unready

# Enough for a JVM with its default heap; a service that needs more is wrong about the task.
SERVICE_LIMITS = Limits(memory=1 << 30, processes=512, disk=256 << 20, cpus=2.0, files=4096)
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a service may take (seconds): to become ready, to end after SIGTERM, and for its `release`."""

    ready: float
    stop: float = 10.0
    release: float = 120.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a service runs under. `root`: its repository; `private`: where HOME and TMPDIR are made for it.

    `variables` and `path` (put before the system's PATH) are all that it is given, with PORT, HOST, DATABASE_URL,
    HOME and TMPDIR; `values`: what replaces the placeholders in variables. `reads`: folders outside of the repository
    that it needs. `given_up`: why nothing may run any more, once there is a reason. `waiting` hears, about once a
    second, why the service is not ready yet; `heard` what it prints, as it comes; `rewrite` writes that for its
    author; `limits` holds for each command.
    """

    root: Path
    private: Path
    sandbox: Sandbox
    database_url: str
    deadlines: Deadlines
    variables: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    path: Sequence[str] = ()
    reads: Sequence[Path] = ()
    given_up: Callable[[], ServiceFailure | None] = lambda: None
    waiting: Callable[[Unready], None] | None = None
    heard: Callable[[bytes], None] = lambda _: None
    rewrite: Callable[[str], str] = lambda text: text
    limits: Limits = SERVICE_LIMITS

    def mounts(self, *, lasting: bool = False) -> tuple[Mount, ...]:
        """What a command finds of this machine. `lasting`: what it writes into the repository stays for the commands
        that follow (a build step, `release`); else each start has a fresh copy, as after a deployment."""
        own = (Mount(self.private, "empty"), Mount(self.root, "write" if lasting else "copy"))
        return (*own, *(Mount(path) for path in self.reads))

    def values_now(self, database_url: str | None = None) -> dict[str, str]:
        """`values` while the database is reached at that URL, which may be a proxy's (None: its own)."""
        return {**self.values, **postgres_values(database_url or self.database_url)}


def environment_of(
    terms: Terms, variables: Mapping[str, str] | None = None, database_url: str | None = None
) -> dict[str, str]:
    """Everything that a command of the repository finds in its environment, but PORT; HOME and TMPDIR are made.

    `variables` and `database_url` replace those of the terms.
    """
    home, scratch = terms.private / "home", terms.private / "tmp"
    for folder in (home, scratch):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = terms.variables if variables is None else variables
    values = terms.values_now(database_url)
    return {
        "LANG": "C.UTF-8",
        # Else Python keeps what is printed to a pipe until there is enough of it.
        "PYTHONUNBUFFERED": "1",
        **{name: fill(value, values) for name, value in given.items()},
        "PATH": ":".join((*terms.path, *SYSTEM_PATH)),
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "HOST": HOST,
        "DATABASE_URL": database_url or terms.database_url,
    }
