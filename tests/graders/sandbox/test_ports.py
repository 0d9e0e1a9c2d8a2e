"""Ports: free, not chosen twice in a row, and never chosen by two processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from graders.sandbox.ports import free_port, is_free

MANY = 30
IMPORT = "import sys; from graders.sandbox.ports import free_port"
ASK = f"{IMPORT}; print(*[free_port() for _ in range({MANY})], flush=True)"


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


def test_processes_do_not_choose_from_the_same_ports() -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", f"{ASK}; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    given = [process.stdout.readline().split() for process in asking if process.stdout]
    for process in asking:
        process.communicate()
    ports = [port for ports in given for port in ports]
    assert (len(ports), len(set(ports))) == (4 * MANY, 4 * MANY)


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
