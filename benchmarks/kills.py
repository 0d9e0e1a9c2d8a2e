"""What is left when kata is killed: random kills of its verbs, and how long until everything has ended.

    python benchmarks/kills.py [--kills N] [--signal KILL] [--slug SLUG] [--cold]

Each of the verbs `test`, `serve`, `author check` and `demo` is sent the signal N times, at moments spread at random
over the time that it takes. This program makes itself the parent of every orphan below it (PR_SET_CHILD_SUBREAPER), so
that what survives is counted by the kernel and not by kata's own bookkeeping. Reported are the longest times, from the
signal on, until the command, the last `postgres` and the last process of any kind had ended, and what was left of
directories then and after the next start of kata. `--cold`: the database's template is made anew each time. Linux only.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

from graders.sandbox.process_tree import tree_of

KATA = [sys.executable, "-P", "-m", "toolkit"]
PR_SET_CHILD_SUBREAPER = 36
GIVE_UP_SECONDS = 30.0
POSTGRES_LIMIT = 2.0
ORDERLY_LIMIT = 3.0


@dataclass(slots=True)
class Verb:
    """A verb and what its kills have shown; `seconds` is how long it runs when it is left alone."""

    name: str
    arguments: tuple[str, ...]
    seconds: float = 0.0
    ended: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)
    everything: list[float] = field(default_factory=list)
    processes_left: int = 0
    folders_left: int = 0
    folders_left_after_next: int = 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=15, help="of each verb")
    parser.add_argument("--signal", default="KILL", choices=("KILL", "TERM", "INT", "HUP"))
    parser.add_argument("--slug", default="n-plus-one")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.slug, signal.Signals[f"SIG{arguments.signal}"], arguments.cold)
        verbs = bench.verbs()
        for verb in verbs:
            verb.seconds = bench.undisturbed(verb)
            print(f"{verb.name}: {verb.seconds:.1f} s undisturbed", file=sys.stderr)
        for _ in range(arguments.kills):
            for verb in verbs:
                bench.kill(verb, chance.uniform(0.0, verb.seconds))
    return report(verbs, arguments.signal)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the commands run, and how they are ended."""

    base: Path
    slug: str
    signal: signal.Signals
    cold: bool

    def verbs(self) -> list[Verb]:
        work = self.base / "work"
        subprocess.run(
            [*KATA, "start", self.slug, str(work)],
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return [
            Verb("test", ("test", str(work))),
            Verb("serve", ("serve", str(work))),
            Verb(
                "author check",
                ("author", "check", self.slug, "--only", "reference", "--only", f"starter-{STACK}"),
            ),
            Verb("demo", ("demo", self.slug)),
        ]

    @property
    def environment(self) -> dict[str, str]:
        names = ("DATA", "CACHE", "STATE", "CONFIG")
        own = {f"KATA_{name}_DIR": str(self.base / name.lower()) for name in names}
        return {**os.environ, **own, "PYTHONPATH": str(Path(__file__).parents[1])}

    def undisturbed(self, verb: Verb) -> float:
        """Seconds from start to end; `serve` counts as done when it serves."""
        self.start(verb).wait() if verb.name != "serve" else None
        started = time.monotonic()
        process = self.start(verb)
        if verb.name == "serve":
            assert process.stdout is not None
            while b"service" not in process.stdout.readline():
                pass
            process.send_signal(signal.SIGINT)
        process.communicate()
        return time.monotonic() - started

    def start(self, verb: Verb) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*KATA, *verb.arguments],
            env=self.environment,
            cwd=self.base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if verb.name == "serve" else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self, verb: Verb, moment: float) -> None:
        if self.cold:
            rmtree(self.base / "cache" / "templates", ignore_errors=True)
        process = self.start(verb)
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        folders = self.folders()
        process.send_signal(self.signal)
        self.watch(verb, process)
        folders |= self.folders()
        verb.folders_left += sum(folder.exists() for folder in folders)
        subprocess.run([*KATA, "doctor"], env=self.environment, check=False, capture_output=True)
        verb.folders_left_after_next += sum(folder.exists() for folder in folders) + len(self.folders())

    def watch(self, verb: Verb, process: subprocess.Popen[bytes]) -> None:
        """Until nothing that the command started is left."""
        sent = time.monotonic()
        ended = postgres = sent
        living = [(process.pid, "kata")]
        while living and time.monotonic() < sent + GIVE_UP_SECONDS:
            time.sleep(0.002)
            living = descendants()
            now = time.monotonic()
            if process.poll() is None:
                ended = now
            if any(name == "postgres" for _, name in living):
                postgres = now
        everything = time.monotonic()
        for one, times in ((ended, verb.ended), (postgres, verb.postgres), (everything, verb.everything)):
            times.append(one - sent)
        verb.processes_left += len(living)
        if process.stdout is not None:
            process.stdout.close()
        process.wait(GIVE_UP_SECONDS)

    def folders(self) -> set[Path]:
        """The directories that runs of now have noted for themselves."""
        found = set()
        for place in ("runs", "templates/making"):
            for record in (self.base / "cache" / place).glob("*.run"):
                with suppress(OSError, ValueError):
                    lines = record.read_text().splitlines()
                    found |= {Path(item["path"]) for item in map(json.loads, lines) if "path" in item}
        return found


STACK = "python-fastapi"


def descendants() -> list[tuple[int, str]]:
    """(pid, name) of all that lives below this process; what has ended is reaped."""
    with suppress(ChildProcessError):
        # Popen's own child is left to it: only orphans are waited for here.
        for pid in tree_of(os.getpid())[1:]:
            if state_of(pid)[0] == "Z" and parent_of(pid) == os.getpid() and name_of(pid) != "python":
                os.waitpid(pid, os.WNOHANG)
    return [(pid, name_of(pid)) for pid in tree_of(os.getpid())[1:] if state_of(pid)[0] not in "ZX"]


def state_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["X", "0"]


def parent_of(pid: int) -> int:
    return int(state_of(pid)[1])


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def report(verbs: list[Verb], sent: str) -> int:
    """Print the table; 1 where something was left, or a limit is broken."""
    print(f"SIG{sent}; longest times in seconds from the signal on")
    print(f"{'verb':<13} {'kills':>5} {'ended':>6} {'postgres ended':>14} {'all ended':>9}"
          f" {'processes left':>15} {'folders left':>13} {'after the next start':>21}")  # fmt: skip
    broken = False
    for verb in verbs:
        print(f"{verb.name:<13} {len(verb.ended):>5} {max(verb.ended):>6.2f} {max(verb.postgres):>14.2f}"
              f" {max(verb.everything):>9.2f} {verb.processes_left:>15} {verb.folders_left:>13}"
              f" {verb.folders_left_after_next:>21}")  # fmt: skip
        broken |= bool(verb.processes_left or verb.folders_left_after_next)
        # PostgreSQL's time counts from the end of the command where the command takes time to end.
        broken |= any(
            removed - ended > POSTGRES_LIMIT for removed, ended in zip(verb.postgres, verb.ended, strict=True)
        )
        broken |= sent != "KILL" and max(verb.ended) > ORDERLY_LIMIT
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
