"""Signals that end a command: exit 130, and nothing left, at any point."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from running import TINY, Kata, ending_after

from graders.sandbox.known_process import is_running

PATIENCE = 120.0
# What is waited for would take longer: 120 s for a release, for ever for the rest.
END_SECONDS = 60.0
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
NEVER = "while true; do sleep 1; done"
BUSY_SERVER = "import time\ntime.sleep(10_000)\n"


def eventually(holds: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.01)


def hang_in_release(pack: Path) -> None:
    (procfile_of(pack)).write_text(
        f"release: trap '' TERM INT HUP; touch $TMPDIR/hanging; {NEVER}\nweb: true\n"
    )


def hang_before_ready(pack: Path) -> None:
    procfile_of(pack).write_text("web: touch $TMPDIR/hanging; python server.py\n")
    (starter_of(pack) / "server.py").write_text(BUSY_SERVER)


def hang_in_the_suite(pack: Path) -> None:
    server = starter_of(pack) / "server.py"
    hanging = "import pathlib; pathlib.Path(os.environ['TMPDIR'], 'hanging').touch(); import time; time.sleep(10_000)"
    text = server.read_text()
    assert "limit = int(" in text
    server.write_text(text.replace("limit = int(", f"{hanging}\n        limit = int("))


def hang_in_the_seed(pack: Path) -> None:
    (pack / "katas" / "greeting" / "seed.sql").write_text("select pg_sleep(10000);\n")


def procfile_of(pack: Path) -> Path:
    return pack / "skeletons" / "python-plain" / "tree" / "Procfile"


def starter_of(pack: Path) -> Path:
    return pack / "katas" / "greeting" / "starter" / "python-plain"


HANGS = {
    "release": hang_in_release,
    "before it is ready": hang_before_ready,
    "in the suite": hang_in_the_suite,
    "in the seed": hang_in_the_seed,
}


class Places:
    """What the runs of a cache have noted: their directories and processes, seen so far."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self.folders: set[Path] = set()
        self.processes: set[int] = set()

    def look(self) -> None:
        for record in [*self._cache.glob("runs/*.run"), *self._cache.glob("templates/making/*.run")]:
            try:
                lines = record.read_text().splitlines()
            except FileNotFoundError:
                continue
            for item in (json.loads(line) for line in lines if line.endswith("}")):
                if "path" in item:
                    self.folders.add(Path(item["path"]))
                else:
                    self.processes.add(item["process"])

    def hang(self, kind: str) -> bool:
        """Whether the command has come to where it hangs."""
        self.look()
        if kind == "in the seed":
            # The template without rows was made before, by a server of its own.
            return len(self.processes) > 1
        return any(list(folder.glob("tmp/hanging")) for folder in self.folders)

    def are_empty(self) -> bool:
        self.look()
        return not any(folder.exists() for folder in self.folders) and not any(
            map(is_running, self.processes)
        )


def command_of(verb: str, kata: Kata, pack: Path) -> list[str]:
    work = kata.home / "work"
    if verb in ("test", "serve"):
        done = kata("--pack", pack, "start", "greeting", work)
        assert done.returncode == 0, done.stderr
        return kata.command("--pack", pack, verb, work)
    if verb == "demo":
        return kata.command("--pack", pack, "demo", "greeting")
    return kata.command("--pack", pack, "author", verb, "greeting", *(["reference"] if verb == "try" else []))


def end_of(process: subprocess.Popen[str]) -> str:
    """What the process said on standard error up to its end; what its threads were doing where it does not end."""
    try:
        return process.communicate(timeout=END_SECONDS)[1]
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        return process.communicate(timeout=END_SECONDS)[1]


CASES = [
    ("check", "release", signal.SIGINT),
    ("check", "before it is ready", signal.SIGTERM),
    ("check", "in the suite", signal.SIGHUP),
    ("check", "in the seed", signal.SIGINT),
    ("test", "release", signal.SIGTERM),
    ("test", "in the suite", signal.SIGHUP),
    ("test", "in the seed", signal.SIGINT),
    ("serve", "before it is ready", signal.SIGTERM),
    ("demo", "in the suite", signal.SIGHUP),
    ("try", "before it is ready", signal.SIGINT),
]


@LINUX
@pytest.mark.parametrize(("verb", "kind", "number"), CASES)
def test_a_signal_ends_a_command_and_all_that_it_started(
    verb: str, kind: str, number: signal.Signals, kata: Kata, tmp_path: Path
) -> None:
    pack, cache = tmp_path / "pack", tmp_path / "cache"
    shutil.copytree(TINY, pack)
    HANGS[kind](pack)
    places = Places(cache)
    process = subprocess.Popen(
        command_of(verb, kata, pack),
        env={**kata.environment, "KATA_CACHE_DIR": str(cache), "PYTHONFAULTHANDLER": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        eventually(lambda: places.hang(kind) or process.poll() is not None)
        process.send_signal(number)
        said = end_of(process)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, said
    assert "Interrupted; " in said
    assert "went wrong" not in said
    assert "could not be judged" not in said
    eventually(places.are_empty)


@LINUX
def test_a_wait_for_somebody_else_s_lock_is_ended(kata: Kata, tmp_path: Path) -> None:
    import fcntl

    cache = tmp_path / "cache"
    command = kata.command("--pack", TINY, "author", "check", "greeting")
    environment = {**kata.environment, "KATA_CACHE_DIR": str(cache)}
    # Once, to learn which lock that is.
    assert (
        subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=PATIENCE
        ).returncode
        == 0
    )
    [lock] = (cache / "templates").glob("dataset-*.lock")
    shutil.rmtree(lock.with_suffix(""))
    with lock.open("a") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            eventually(lambda: f"{lock.stat().st_ino}" in waiting_for_locks(process.pid))
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=END_SECONDS)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 130
    assert "Interrupted" in said


def waiting_for_locks(pid: int) -> str:
    """The inodes of the files that a process waits for, as the kernel lists them."""
    lines = Path("/proc/locks").read_text().splitlines()
    return "\n".join(line.split()[6] for line in lines if "->" in line and f" {pid} " in line)


def test_a_second_signal_is_answered_and_a_third_one_leaves_at_once(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from toolkit.boundary import guarded\n"
        "def run():\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(1000)\n"
        "    finally:\n"
        "        print('cleaning', flush=True)\n"
        "        sys.stdin.read()\n"
        "sys.exit(guarded(run))\n"
    )
    with (
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "KATA_STATE_DIR": str(tmp_path)},
        ) as process,
        ending_after(PATIENCE, process),
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "cleaning\n"
        process.send_signal(signal.SIGTERM)
        first = process.stderr.readline()
        # The time for an orderly end may be up on a busy machine: then the process has ended without it.
        assert "Cleaning up" in first or "Interrupted" in first
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=END_SECONDS)
    assert process.returncode == 130


def test_a_clean_up_that_does_not_end_is_left(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from toolkit.boundary import guarded\n"
        "def run():\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(1000)\n"
        "    finally:\n"
        "        time.sleep(1000)\n"
        "sys.exit(guarded(run))\n"
    )
    with (
        subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        ending_after(PATIENCE, process),
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        _, said = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 130
    assert "what was started is being removed" in said


def test_nohup_is_respected() -> None:
    program = (
        "import os, signal, sys\n"
        "from toolkit.boundary import guarded\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "def run():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    return 0\n"
        "sys.exit(guarded(run))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=PATIENCE).returncode == 0


STOPS_THE_GRADER = """
supervisor = os.getppid()
with open(f"/proc/{supervisor}/stat") as file:
    grader = int(file.read().rpartition(")")[2].split()[1])
os.kill(grader, 19)
"""


@LINUX
def test_a_service_that_stops_kata_is_judged_all_the_same(kata: Kata, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(TINY, pack)
    reference = pack / "katas" / "greeting" / "solutions" / "reference" / "greetings.py"
    server = starter_of(pack) / "server.py"
    (starter_of(pack) / "greetings.py").write_text(reference.read_text())
    lines = server.read_text().splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith("ThreadingHTTPServer("))
    server.write_text("".join([*lines[:start], STOPS_THE_GRADER, *lines[start:]]))
    procfile_of(pack).write_text("web: exec python server.py\n")
    assert kata("--pack", pack, "start", "greeting", "--no-git").returncode == 0
    done = kata("--pack", pack, "test", "greeting", "--json")
    grade = json.loads(done.stdout)
    assert (done.returncode, grade["score"]) == (0, 100), done.stderr
    assert "grader-stopped" in [notice["code"] for notice in grade["notices"]]
