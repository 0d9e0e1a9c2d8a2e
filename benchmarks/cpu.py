"""Where the CPU time of one `kata test` goes: kata, its suite, PostgreSQL, the service, and all that it starts.

    python benchmarks/cpu.py [SLUG] [--solution NAME] [--runs N]

User and system time of every process that was waited for, medians of the runs, template and dependencies warm. The
aim: everything but the service costs at most 3 times as much as the service. `--inside FILE` is the measured process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

MOST = 3.0
OTHERS = "release, copies"
ENDED = "counted already"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slug", nargs="?", default="n-plus-one")
    parser.add_argument(
        "--solution", default="reference", help="A known solution; `starter` for the starter."
    )
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work, environment = prepared(asked.slug, asked.solution, Path(folder))
        measured(work, environment)
        runs = [measured(work, environment) for _ in range(asked.runs)]
    return print_table(f"{asked.slug}, {asked.solution}, medians of {asked.runs} runs", runs)


def prepared(slug: str, name: str, base: Path) -> tuple[Path, dict[str, str]]:
    """A repository of that solution, and the environment to test it in."""
    from graders.authoring.known_trees import render_named
    from graders.packs.loader import open_packs

    packs = open_packs()
    render_named(packs.kata(slug), packs, name, base / "work")
    environment = {"KATA_DATA_DIR": f"{base}/data", "KATA_STATE_DIR": f"{base}/state"}
    return base / "work", {"KATA_CACHE_DIR": f"{base}/cache", **os.environ, **environment}


def measured(work: Path, environment: dict[str, str]) -> dict[str, float]:
    """CPU seconds of one `kata test` by where they went."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, __file__, "--inside", file.name, "test", str(work), "--seed", "1"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"kata test ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr}")
        found: dict[str, float] = json.loads(Path(file.name).read_text())
    return found


def print_table(title: str, runs: list[dict[str, float]]) -> int:
    """Print the medians; 1 where the aim is missed."""
    names = sorted({name for run in runs for name in run}, key=lambda name: (name == "service", name))
    medians = {name: median(run.get(name, 0.0) for run in runs) for name in names}
    others = sum(seconds for name, seconds in medians.items() if name != "service")
    service = medians["service"]
    print(title)
    for name, seconds in medians.items():
        print(f"  {name:<22} {seconds:6.2f} s   {seconds / service:5.2f} x the service")
    print(f"  all but the service    {others:6.2f} s   {others / service:5.2f} x (at most {MOST:.0f})")
    return 1 if others > MOST * service else 0


class Accounts:
    """CPU seconds of the children of this process, by what they are, as they are waited for.

    A child's own children count for it once it has waited for them, as PostgreSQL and the supervisor of a service do.
    """

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.seconds: dict[str, float] = {}
        self._wait4 = os.wait4

    def waitpid(self, pid: int, options: int) -> tuple[int, int]:
        """Instead of os.waitpid."""
        found, status, usage = self._wait4(pid, options)
        if found:
            name = self.names.pop(found, OTHERS)
            if name != ENDED:
                self.seconds[name] = self.seconds.get(name, 0.0) + usage.ru_utime + usage.ru_stime
        return found, status

    def suite_ends(self, host: Any) -> None:
        """Take what the host and its suites have cost: they are killed, and so not all of them are waited for."""
        import psutil

        process = psutil.Process(host.pid)
        self.names[host.pid] = ENDED
        used = [process.cpu_times(), *(child.cpu_times() for child in process.children())]
        reaped = used[0].children_user + used[0].children_system
        self.seconds["suite"] = reaped + sum(one.user + one.system for one in used)

    def watch(self, popen: type[Any]) -> None:
        """Remember what each process is that this class starts."""
        start = popen.__init__

        def begin(process: Any, command: Any, *arguments: Any, **options: Any) -> None:
            start(process, command, *arguments, **options)
            self.names[process.pid] = kind_of(command)

        popen.__init__ = begin


def kind_of(command: Any) -> str:
    words = [str(word) for word in command] if isinstance(command, (list, tuple)) else [str(command)]
    if words[0].endswith("/postgres"):
        return "PostgreSQL"
    if any(word.endswith("supervisor.py") for word in words):
        return "service" if any(word in _SERVED for word in words) else OTHERS
    return OTHERS


_SERVED: set[str] = set()


def inside(file: str, arguments: list[str]) -> None:
    """Be `kata`, and write down afterwards what each process cost."""
    for line in (Path(arguments[1]) / "Procfile").read_text().splitlines():
        if line.startswith("web:"):
            _SERVED.add(line.partition(":")[2].strip())
    accounts = Accounts()
    # Before anything takes the function for a default argument.
    os.waitpid = accounts.waitpid
    for name in [name for name in sys.modules if name == "subprocess"]:
        del sys.modules[name]
    import subprocess as fresh

    accounts.watch(fresh.Popen)
    from graders.suite.runner import SuiteHost
    from toolkit.app import main as kata

    close = SuiteHost.close

    def end(host: SuiteHost) -> None:
        accounts.suite_ends(host)
        close(host)

    setattr(SuiteHost, "close", end)  # noqa: B010
    sys.argv = ["kata", *arguments]
    try:
        kata()
    finally:
        own = resource.getrusage(resource.RUSAGE_SELF)
        accounts.seconds["kata"] = own.ru_utime + own.ru_stime
        Path(file).write_text(json.dumps(accounts.seconds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
