"""What every sandbox owes: one suite, run against each of them."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from boxes import PATIENCE, PYTHON, Start, eventually, marked

from graders.sandbox.base import Limits, Mount, OutputBuffer, Sandbox
from graders.sandbox.brand import branded
from graders.sandbox.ports import free_port
from graders.sandbox.process import ProcessSandbox

LISTEN = (
    "import socket, time; s = socket.create_server(('{host}', {port}), family=socket.AF_{family});"
    " print(1, flush=True); time.sleep(600)"
)
linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux lets a tree be followed out of its session"
)


def test_a_sandbox_says_its_name_and_its_tier(sandbox: Sandbox) -> None:
    assert sandbox.name
    assert sandbox.tier in ("T0", "T1", "T2", "T3")


@pytest.mark.parametrize(("command", "status"), [("exit 0", 0), ("exit 7", 7), ("no-such-command", 127)])
def test_the_exit_status_is_the_command_s(command: str, status: int, start: Start) -> None:
    process, _ = start(command)
    assert process.wait(PATIENCE) == status
    assert process.poll() == status


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_death_by_signal_is_told(number: signal.Signals, start: Start) -> None:
    process, _ = start(f"kill -{number.value} $$")
    assert process.wait(PATIENCE) == -number


def test_a_running_command_has_no_status(start: Start) -> None:
    process, _ = start("sleep 600")
    assert process.poll() is None
    assert process.wait(0.01) is None


def test_the_environment_is_exactly_what_was_given(start: Start) -> None:
    process, output = start("env", {"GIVEN": "yes"})
    process.wait(PATIENCE)
    names = {line.partition("=")[0] for line in output.text().splitlines()}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {"PATH", "HOME", "PORT", "GIVEN"}


def test_the_command_runs_where_it_was_told_with_nothing_to_read(start: Start, tmp_path: Path) -> None:
    process, output = start("pwd -P; wc -c")
    process.wait(PATIENCE)
    where, read = output.text().split()
    assert Path(where) == tmp_path.resolve()
    assert read == "0"


@linux
def test_no_descriptor_of_the_grader_reaches_the_command(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        process, output = start(
            "fd=3; while [ $fd -lt 100 ]; do [ -e /proc/$$/fd/$fd ] && echo $fd; fd=$((fd+1)); done"
        )
        process.wait(PATIENCE)
    assert output.text() == ""


def test_both_outputs_are_kept(start: Start) -> None:
    process, output = start("echo out; echo err >&2")
    process.wait(PATIENCE)
    assert sorted(output.text().split()) == ["err", "out"]


def test_a_flood_of_output_is_neither_kept_nor_waited_for(start: Start) -> None:
    process, output = start("echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo last")
    assert process.wait(PATIENCE) == 0
    text = output.text()
    assert text.startswith("first\n")
    assert text.endswith("last\n")
    assert "bytes left out" in text
    assert len(text) < 100_000
    assert output.total > 50_000_000


def test_output_is_safe_to_show(start: Start) -> None:
    process, output = start(r"printf 'a\033[2Jb\000c\377d\r\n'")
    process.wait(PATIENCE)
    assert output.text() == "a\\x1b[2Jb\\x00c\ufffdd\n"


def test_terminate_lets_the_command_say_goodbye(start: Start) -> None:
    process, output = start("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done")
    eventually(lambda: "ready" in output.text())
    process.terminate()
    assert process.wait(PATIENCE) == 5
    assert "bye" in output.text()


def test_terminate_reaches_what_the_shell_started(start: Start) -> None:
    process, output = start(f"{PYTHON} -c 'import time; print(1, flush=True); time.sleep(600)'; true")
    eventually(lambda: "1" in output.text())
    process.terminate()
    assert process.wait(PATIENCE) is not None


def test_kill_ends_a_command_that_ignores_signals(start: Start) -> None:
    process, output = start("trap '' TERM INT HUP; echo ready; while :; do sleep 1; done")
    eventually(lambda: "ready" in output.text())
    process.terminate()
    process.kill()
    assert process.poll() is not None
    process.kill()
    process.terminate()


def test_kill_ends_a_command_that_has_stopped_itself(start: Start, mark: str) -> None:
    process, output = start(f"sleep {mark} & echo on; kill -STOP $$")
    eventually(lambda: output.text().strip())
    process.kill()
    assert not marked(mark)


@linux
@pytest.mark.parametrize(
    "escape",
    [
        "setsid sleep MARK & echo $! > pid",
        "(setsid sh -c 'echo $$ > pid; exec sleep MARK' &)",
        f"""{PYTHON} -c 'import os, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open("pid", "w").write(f"{{os.getpid()}}\\n")
os.closerange(0, 10)
time.sleep(600)' MARK""",
    ],
    ids=["its own session", "orphan", "daemon"],
)
@pytest.mark.parametrize("end", ["is killed", "exits"])
def test_nothing_that_left_the_group_survives(escape: str, end: str, start: Start, mark: str) -> None:
    stay = "echo on; sleep 600" if end == "is killed" else ""
    process, output = start(
        f"{escape.replace('MARK', mark)}\nwhile [ ! -s pid ]; do sleep 0.01; done\n{stay}"
    )
    if end == "is killed":
        eventually(lambda: "on" in output.text())
        eventually(lambda: marked(mark))
        process.kill()
    assert process.wait(PATIENCE) is not None
    assert not marked(mark)


@linux
def test_many_processes_that_keep_forking_are_ended(start: Start) -> None:
    process, output = start(
        "f() { sleep 0.01; f & }; i=0; while [ $i -lt 30 ]; do f & i=$((i+1)); done; echo on; wait"
    )
    eventually(lambda: "on" in output.text())
    process.kill()
    assert process.poll() is not None


SIGNALS = [
    signal.SIGKILL,
    signal.SIGSTOP,
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGSEGV,
    signal.SIGUSR1,
]


@linux
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_command_that_attacks_its_keeper_is_ended_all_the_same(
    number: signal.Signals, sandbox: Sandbox, start: Start, mark: str
) -> None:
    process, output = start(f"setsid sleep {mark} & kill -{number.value} $PPID; echo on; sleep 600")
    eventually(lambda: "on" in output.text())
    if number == signal.SIGKILL and sandbox.tier == "T0":
        assert process.wait(PATIENCE) == -signal.SIGKILL
    process.kill()
    eventually(lambda: not marked(mark))


# Leaves the session and the tree, drops its environment and its descriptors, and only then kills the supervisor.
DAEMON = """
import os, signal, sys, time
keeper = os.getppid()
if os.fork():
    time.sleep(600)
os.setsid()
if os.fork():
    os._exit(0)
if len(sys.argv) < 2:
    os.execve(sys.executable, [sys.executable, __file__, str(keeper)], {})
keeper = int(sys.argv[1])
os.closerange(0, 100)
os.kill(keeper, signal.SIGKILL)
with open("pid", "w") as file:
    file.write(f"{os.getpid()}\\n")
while True:
    time.sleep(0.01)
    if os.fork():
        os._exit(0)
    with open("pid", "w") as file:
        file.write(f"{os.getpid()}\\n")
"""


@linux
@pytest.mark.parametrize("restless", [False, True], ids=["stays", "forks on and on"])
def test_a_daemon_without_an_environment_that_kills_its_keeper_is_ended(
    restless: bool, tmp_path: Path
) -> None:
    (tmp_path / "daemon.py").write_text(
        DAEMON if restless else DAEMON.split("while True", maxsplit=1)[0] + "time.sleep(600)\n"
    )
    process = ProcessSandbox().start(
        f"exec {PYTHON} daemon.py", cwd=tmp_path, env={"PATH": os.defpath}, output=OutputBuffer()
    )
    eventually((tmp_path / "pid").exists)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    brand = process._brand
    assert brand
    assert list(branded(brand)) == []


@linux
def test_the_tree_ends_when_the_grader_is_killed(sandbox: Sandbox, tmp_path: Path, mark: str) -> None:
    script = tmp_path / "grader.py"
    kind = type(sandbox)
    script.write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from graders.sandbox.base import Mount, OutputBuffer\n"
        f"from {kind.__module__} import {kind.__name__}\n"
        f"command, here = 'setsid sleep {mark} & sleep 600', Path({str(tmp_path)!r})\n"
        f"kept = {kind.__name__}().start(\n"
        '    command, cwd=here, env=os.environ, output=OutputBuffer(), mounts=[Mount(here, "write")]\n'
        ")\n"
        "if os.fork() == 0: time.sleep(600)\n"  # A forked process holds the leash too.
        "time.sleep(600)\n"
    )
    grader = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, str(script)])
    eventually(lambda: marked(mark))
    eventually(lambda: forks_of(grader))
    [fork] = forks_of(grader)
    os.kill(grader, signal.SIGKILL)
    os.waitpid(grader, 0)
    try:
        eventually(lambda: not marked(mark))
    finally:
        os.kill(fork, signal.SIGKILL)


def forks_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if "grader.py" in command_line(int(child))]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@linux
def test_a_listener_of_a_grandchild_is_found(start: Start) -> None:
    port = free_port()
    code = LISTEN.format(host="127.0.0.1", port=port, family="INET")
    process, output = start(f'setsid {PYTHON} -c "{code}" & wait')
    eventually(lambda: "1" in output.text())
    assert [str(listener) for listener in process.listening() or ()] == [f"127.0.0.1:{port}"]


@linux
def test_a_listener_on_ipv6_is_named_readably(start: Start) -> None:
    port = free_port()
    code = LISTEN.format(host="::1", port=port, family="INET6")
    process, output = start(f'{PYTHON} -c "{code}"')
    eventually(lambda: output.text().strip())
    if "1" not in output.text().splitlines()[0]:
        pytest.skip("this machine has no IPv6")
    assert [str(listener) for listener in process.listening() or ()] == [f"[::1]:{port}"]


def test_a_sandbox_says_what_it_does_not_hold_a_command_to(sandbox: Sandbox, tmp_path: Path) -> None:
    bounds = Limits(memory=2**30, processes=64, disk=2**20)
    said = sandbox.unenforced((Mount(tmp_path),), bounds, "none")
    if sandbox.tier == "T0":
        assert len(said) == 5
        assert sandbox.unenforced((), Limits(), "outside") == ()
    assert all(words.strip() for words in said)


def test_bounds_that_are_not_held_still_let_the_command_run(sandbox: Sandbox, tmp_path: Path) -> None:
    output = OutputBuffer()
    process = sandbox.start(
        "echo here; pwd", cwd=tmp_path, env={"PATH": os.defpath}, output=output,
        mounts=(Mount(tmp_path, "write"),), limits=Limits(processes=64), network="none",
    )  # fmt: skip
    assert process.wait(PATIENCE) == 0
    assert output.text().startswith("here\n")


def test_who_reaps_after_a_crash_hears_of_the_process_groups(tmp_path: Path) -> None:
    adopted: list[int] = []
    process = ProcessSandbox(adopted.append).start(
        "sleep 600", cwd=tmp_path, env={"PATH": os.defpath}, output=OutputBuffer()
    )
    assert process.pid in adopted
    assert os.getpgid(process.pid) == process.pid
    process.kill()


def test_a_server_behind_a_shell_may_say_goodbye_too(start: Start, tmp_path: Path) -> None:
    code = (
        "import signal, sys, time; from pathlib import Path;"
        " signal.signal(signal.SIGTERM, lambda *_: (Path('goodbye').write_text('bye'), sys.exit(0)));"
        " print(1, flush=True); time.sleep(600)"
    )
    process, output = start(f'true && {PYTHON} -c "{code}"; true')
    eventually(lambda: "1" in output.text())
    process.terminate()
    assert process.wait(PATIENCE) is not None
    assert (tmp_path / "goodbye").exists()
