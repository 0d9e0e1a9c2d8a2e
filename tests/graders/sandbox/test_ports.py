"""Ports: free, not chosen twice in a row, and never chosen by two processes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.sandbox.ports import free_port, is_free

MANY = 30
ASK = f"""
import os, sys
sys.path[:] = {sys.path!r}
from graders.sandbox.ports import free_port
for user in map(int, sys.argv[1:]):
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
print(*[free_port() for _ in range({MANY})], flush=True)
sys.stdin.read()
"""


def test_a_port_that_was_given_is_not_given_again_soon() -> None:
    ports = [free_port() for _ in range(MANY)]
    assert len(set(ports)) == MANY
    assert all(is_free(port) for port in ports)


def test_a_port_in_use_is_passed_over() -> None:
    with socket.socket() as listener:
        taken = free_port()
        # Connections of an earlier test may linger on it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", taken))
        listener.listen()
        assert taken not in [free_port() for _ in range(150)]


@contextlib.contextmanager
def asking(*arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that prints the ports that it is given, and keeps them until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", ASK, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    ) as process:
        yield process
        process.communicate()


def ports_given(*processes: contextlib.AbstractContextManager[subprocess.Popen[str]]) -> list[list[int]]:
    """The ports of processes that run at the same time."""
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(process) for process in processes]
        return [[int(port) for port in one.stdout.readline().split()] for one in running if one.stdout]


def test_processes_do_not_choose_from_the_same_ports() -> None:
    ports = [port for given in ports_given(*(asking() for _ in range(4))) for port in given]
    assert (len(ports), len(set(ports))) == (4 * MANY, 4 * MANY)


def test_two_temporary_directories_have_ports_of_their_own(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("one", "two", "three")]
    for place in places:
        place.mkdir()
    ports = [port for given in ports_given(*(asking(TMPDIR=str(one)) for one in places)) for port in given]
    assert len(set(ports)) == len(ports) == 3 * MANY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a process as somebody else")
def test_two_users_have_ports_of_their_own() -> None:
    ports = [port for given in ports_given(asking(), asking("12345"), asking("12346")) for port in given]
    assert len(set(ports)) == len(ports) == 3 * MANY


def test_a_share_is_free_again_when_its_process_has_ended() -> None:
    starts = {100 * (min(given) // 100) for _ in range(3) for given in ports_given(asking())}
    # Another process of this machine may have taken one of them since.
    assert any(can_be_reserved(start) for start in starts)


def can_be_reserved(start: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reservation:
        try:
            reservation.bind(("127.0.0.1", start))
        except OSError:
            return False
    return True


def test_a_forked_process_has_ports_of_its_own() -> None:
    ours = {free_port() for _ in range(MANY)}
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, " ".join(str(free_port()) for _ in range(MANY)).encode())
        os._exit(0)
    os.wait()
    theirs = {int(port) for port in os.read(reader, 10_000).split()}
    os.close(reader)
    os.close(writer)
    assert len(theirs) == MANY
    assert not ours & theirs
