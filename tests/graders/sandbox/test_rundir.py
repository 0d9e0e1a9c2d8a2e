"""A run's directory and processes: removed at its end, and after it was killed, with anything else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.errors import DatabaseError
from graders.sandbox.known_process import is_running, started_at
from graders.sandbox.rundir import reap, run_directory

PATIENCE = 60.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
PREAMBLE = """
    import os, subprocess, sys, time
    from pathlib import Path
    from graders.sandbox.base import OutputBuffer
    from graders.sandbox.process import ProcessSandbox
    from graders.sandbox.rundir import run_directory
    base = Path(sys.argv[1])
"""


def eventually(holds: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.005)


@contextlib.contextmanager
def python(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `code` and talks over its standard streams."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PREAMBLE) + textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.defpath},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def words_of(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


def shells_of(pid: int) -> list[int]:
    """The shells that a process started: here, the one that cleans up after it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(name) for name in children if Path(f"/proc/{name}/comm").read_text() == "sh\n"]


def kill(process: subprocess.Popen[str], *, reaper_too: bool = False) -> None:
    for shell in shells_of(process.pid) if reaper_too else ():
        os.kill(shell, signal.SIGKILL)
    process.send_signal(signal.SIGKILL)
    process.wait()


ADOPTED = """
    with run_directory(base) as run:
        child = subprocess.Popen(["sh", "-c", "trap '' QUIT TERM; sleep 600 & echo $!; wait"],
                                 start_new_session=True, stdout=subprocess.PIPE, text=True)
        run.adopt(child.pid)
        print(child.pid, child.stdout.readline().strip(), run.path, flush=True)
        sys.stdin.read()
"""
SANDBOXED = """
    with run_directory(base) as run:
        output = OutputBuffer()
        process = ProcessSandbox(run.adopt).start(
            "env -i setsid sh -c 'echo $$; exec sleep 600' & echo $PPID; wait; sleep 600",
            cwd=run.path, env={"PATH": os.defpath}, output=output)
        while len(output.text().split()) < 2:
            time.sleep(0.01)
        print(*output.text().split(), run.path, flush=True)
        sys.stdin.read()
"""
ways = pytest.mark.parametrize("reaper_too", [False, True], ids=["at once", "by the next run"])


@linux
@ways
@pytest.mark.parametrize("code", [ADOPTED, SANDBOXED], ids=["adopted", "sandboxed"])
def test_what_a_killed_run_started_is_ended_and_its_directory_removed(
    code: str, reaper_too: bool, tmp_path: Path
) -> None:
    with python(code, tmp_path) as holder:
        *pids, folder = words_of(holder)
        assert all(is_running(int(pid)) for pid in pids)
        assert reap(tmp_path) == ()
        kill(holder, reaper_too=reaper_too)
    if reaper_too:
        assert reap(tmp_path) == (Path(folder),)
    eventually(lambda: not any(is_running(int(pid)) for pid in pids))
    eventually(lambda: not Path(folder).exists() and not list(tmp_path.iterdir()))


@linux
@ways
def test_what_lost_its_keeper_before_the_run_was_killed_is_ended_too(
    reaper_too: bool, tmp_path: Path
) -> None:
    with python(SANDBOXED, tmp_path) as holder:
        first, second, folder = words_of(holder)
        # One of them is the supervisor, the other the process that left its session; which came first is chance.
        keeper = next(int(pid) for pid in (first, second) if b"supervisor.py" in command_line(int(pid)))
        stray = int(first) + int(second) - keeper
        os.kill(holder.pid, signal.SIGSTOP)
        os.kill(keeper, signal.SIGKILL)
        assert is_running(stray)
        kill(holder, reaper_too=reaper_too)
    if reaper_too:
        assert reap(tmp_path) == (Path(folder),)
    eventually(lambda: not is_running(stray) and not Path(folder).exists())


def command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@linux
def test_a_run_inside_a_killed_run_is_reaped_with_it(tmp_path: Path) -> None:
    code = """
    with run_directory(base) as outer, run_directory(outer.path) as inner:
        print(outer.path, inner.path, flush=True)
        sys.stdin.read()
    """
    with python(code, tmp_path) as holder:
        folders = [Path(name) for name in words_of(holder)]
        kill(holder, reaper_too=True)
    reap(tmp_path)
    assert not any(folder.exists() for folder in folders)


@linux
def test_a_forked_child_does_not_keep_a_killed_run_alive(tmp_path: Path) -> None:
    code = """
    with run_directory(base) as run:
        if os.fork() == 0:
            print(os.getpid(), run.path, flush=True)
            time.sleep(600)
            os._exit(0)
        sys.stdin.read()
    """
    with python(code, tmp_path) as holder:
        child, folder = words_of(holder)
        kill(holder)
        try:
            eventually(lambda: not Path(folder).exists())
        finally:
            os.kill(int(child), signal.SIGKILL)


@linux
def test_an_orderly_end_leaves_no_reaper(tmp_path: Path) -> None:
    code = """
    with run_directory(base) as run:
        print(run.path, flush=True)
        sys.stdin.read()
    """
    with python(code, tmp_path) as holder:
        [folder] = words_of(holder)
        shells = shells_of(holder.pid)
        assert len(shells) == 1
        holder.communicate("")
    assert holder.returncode == 0
    assert not is_running(shells[0])
    assert not Path(folder).exists()
    assert not list(tmp_path.iterdir())


@linux
def test_the_end_of_a_process_without_its_clean_up_is_a_killing_too(tmp_path: Path) -> None:
    code = """
    with run_directory(base) as run:
        print(run.path, flush=True)
        os._exit(3)
    """
    with python(code, tmp_path) as holder:
        [folder] = words_of(holder)
        holder.wait()
    eventually(lambda: not Path(folder).exists())


def test_reaping_spares_a_process_that_only_has_the_same_number(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        record = tmp_path / "0123456789abcdef.run"
        boot = Path("/proc/sys/kernel/random/boot_id")
        known = boot.read_text().strip() if boot.exists() else ""
        record.write_text(
            f'{{"path": "{tmp_path}/kata-0123456789abcdef", "boot": "{known}"}}\n'
            f'{{"process": {bystander.pid}, "started": "another time"}}\n{{"torn'
        )
        reap(tmp_path)
        assert bystander.poll() is None
        assert not record.exists()
        bystander.kill()


def test_processes_of_an_earlier_boot_are_spared(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        record = tmp_path / "0123456789abcdef.run"
        items = [
            {"path": f"{tmp_path}/kata-0123456789abcdef", "boot": "an earlier one"},
            {"process": bystander.pid, "started": started_at(bystander.pid)},
        ]
        record.write_text("\n".join(map(json.dumps, items)))
        reap(tmp_path)
        assert bystander.poll() is None
        bystander.kill()


def test_reaping_never_removes_a_directory_that_no_run_made(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (tmp_path / "0123456789abcdef.run").write_text(f'{{"path": "{precious}", "boot": ""}}\n')
    assert reap(tmp_path) == ()
    assert precious.is_dir()


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.text(max_size=5),
    lambda part: st.lists(part, max_size=2),
)
an_item = st.dictionaries(
    st.sampled_from(["path", "boot", "process", "started", "brand", "server"]), anything
).filter(lambda item: not isinstance(item.get("process"), int) or not isinstance(item.get("started"), str))


@settings(deadline=None)
@given(st.binary(max_size=200) | st.lists(an_item | anything, max_size=4).map(
    lambda items: "\n".join(map(json.dumps, items)).encode()
))  # fmt: skip
def test_a_record_of_any_content_stops_nobody(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "0123456789abcdef.run")
        record.write_bytes(content)
        reap(Path(folder))


def test_a_place_that_is_not_writable_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DatabaseError, match=str(blocked)), run_directory(blocked):
        pass
