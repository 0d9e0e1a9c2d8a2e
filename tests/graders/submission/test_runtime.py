"""What a service really runs on: read from its process, whatever the stack is called and the service claims."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graders.results.grade import RunningProgram
from graders.sandbox.ports import free_port
from graders.sandbox.process import ProcessSandbox
from graders.sandbox.program import Program, program_on
from graders.submission.runtime import running_program

LISTEN = (
    "import socket,sys,time; s=socket.create_server(('127.0.0.1', int(sys.argv[1])));"
    " print('up', flush=True); time.sleep(1000)"
)


@contextmanager
def listening(*command: str) -> Iterator[tuple[int, int]]:
    """A shell with the command below it: the shell's pid, and the port."""
    port = free_port()
    process = subprocess.Popen(
        ["/bin/sh", "-c", '"$@" & wait', "sh", *command, str(port)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process.pid, port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def described(program: Program, tmp_path: Path, own: Path) -> RunningProgram:
    private = tmp_path / "private"
    private.mkdir(exist_ok=True)
    return running_program(
        program,
        own=(own,),
        sandbox=ProcessSandbox(),
        private=private,
        cache=tmp_path / "cache",
        shown=lambda text: text.replace(str(own), ""),
    )


def test_the_process_that_listens_is_found_below_a_shell(tmp_path: Path) -> None:
    with listening(sys.executable, "-c", LISTEN) as (shell, port):
        found = program_on(shell, port)
        assert found is not None
        assert found.arguments == (sys.executable, "-c", LISTEN, str(port))
        assert program_on(shell, free_port()) is None
    said = described(found, tmp_path, tmp_path / "work")
    assert said.runtime == f"Python {platform.python_version()}"
    assert said.executable == str(Path(sys.executable).resolve())


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not on this machine")
def test_node_is_asked_for_its_version_once(tmp_path: Path) -> None:
    node = str(Path(str(shutil.which("node"))).resolve())
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip(
        "v\n"
    )
    first = described(Program(node, ("node", "server.js")), tmp_path, tmp_path / "work")
    assert (first.runtime, first.command) == (f"Node.js {version}", "node server.js")
    (kept,) = (tmp_path / "cache" / "runtimes").iterdir()
    kept.write_text('"7.7.7"')
    again = described(Program(node, ("node", "server.js")), tmp_path, tmp_path / "work")
    assert again.runtime == "Node.js 7.7.7"


def test_a_program_of_the_submission_is_not_run_again(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    fake = work / "python3"
    fake.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho Python 9.9.9\n")
    fake.chmod(0o755)
    said = described(Program(str(fake), (str(fake), "--serve")), tmp_path, work)
    assert (said.runtime, said.command) == ("", "/python3 --serve")
    assert not (tmp_path / "ran").exists()


def test_what_is_no_known_runtime_is_not_run(tmp_path: Path) -> None:
    tool = tmp_path / "server"
    tool.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    tool.chmod(0o755)
    assert described(Program(str(tool), ("server",)), tmp_path, tmp_path / "work").runtime == ""
    assert not (tmp_path / "ran").exists()


def test_a_command_line_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    said = described(
        Program("/opt/\x1b[31mx", ("a\x1b]0;x\x07", "\n" * 3, "y" * 1000)), tmp_path, tmp_path / "work"
    )
    assert "\x1b" not in said.command + said.executable
    assert len(said.command) < 300


def test_a_port_of_nobody_has_no_program() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as mine,
        listening(sys.executable, "-c", LISTEN) as (shell, _),
    ):
        assert program_on(shell, mine.getsockname()[1]) is None
