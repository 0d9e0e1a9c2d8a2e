"""Who holds a port: read from the kernel, and by other means where it does not answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import NoReturn

import pytest

from graders.sandbox import sockets
from graders.sandbox.base import Listener
from graders.sandbox.ports import free_port
from graders.sandbox.sockets import is_held, listeners_of


@pytest.fixture(params=["netlink", "psutil"])
def _means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "netlink" and sys.platform != "linux":
        pytest.skip("netlink is a Linux interface")
    if request.param == "psutil":
        monkeypatch.setattr(sockets, "_sockets", _closed)


def _closed(*_: int) -> NoReturn:
    raise OSError


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        yield listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


@pytest.mark.usefixtures("_means")
def test_a_listener_is_found_at_its_process_and_its_port_is_held(listener: socket.socket) -> None:
    port = port_of(listener)
    assert Listener("127.0.0.1", port) in (listeners_of([os.getpid()]) or ())
    assert is_held(port)


@pytest.mark.usefixtures("_means")
def test_a_port_is_not_held_once_nobody_listens(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()
    assert not is_held(port)
    assert Listener("127.0.0.1", port) not in (listeners_of([os.getpid()]) or ())


@pytest.mark.usefixtures("_means")
def test_connections_that_linger_do_not_hold_a_port(listener: socket.socket) -> None:
    port = port_of(listener)
    with socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = listener.accept()
        # Closed first by the server: the connection lingers on its port.
        accepted.close()
        client.recv(1)
    listener.close()
    assert not is_held(port)


@pytest.mark.usefixtures("_means")
def test_a_listener_of_another_process_is_held_and_not_ours() -> None:
    port = free_port()
    code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert is_held(port)
        assert Listener("127.0.0.1", port) not in (listeners_of([os.getpid()]) or ())
        assert Listener("127.0.0.1", port) in (listeners_of([os.getpid(), other.pid]) or ())
        other.communicate("\n")


@pytest.mark.parametrize(
    ("family", "address", "held"),
    [
        (socket.AF_INET, "0.0.0.0", True),
        (socket.AF_INET6, "::", True),
        (socket.AF_INET6, "::1", False),
        (socket.AF_INET, "127.0.0.2", False),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_only_addresses_in_the_way_of_127_0_0_1_hold_a_port(
    family: socket.AddressFamily, address: str, held: bool
) -> None:
    port = free_port()
    try:
        listener = socket.create_server(
            (address, port), family=family, dualstack_ipv6=family == socket.AF_INET6 and address == "::"
        )
    except OSError:
        pytest.skip(f"this machine does not have {address}")
    with listener:
        assert is_held(port) is held
        assert [str(one.address) for one in listeners_of([os.getpid()]) or () if one.port == port] == [
            address
        ]
