"""Which TCP sockets this machine holds, as the kernel lists them: who listens, and whether a port is taken.

Linux answers over netlink (sock_diag) in a fraction of the time that /proc/net/tcp takes where many connections linger.
Elsewhere, and where netlink is closed, psutil reads what the system has.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from graders.sandbox.base import Listener

_LISTEN, _LISTEN_IN_HEX = 10, "0A"
_ALL_STATES = 0xFFF
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")
# inet_diag_req_v2: family, protocol, extensions, padding, states; source port, destination port, 44 bytes more.
_REQUEST = struct.Struct("=BBBxIHH44x")
# inet_diag_msg, from its start: family, state, timer, retransmits, source port, destination port, source address.
_MESSAGE = struct.Struct("=BBBBHH16s")
_INODE = struct.Struct("=I")
_INODE_OFFSET = 68
# On these addresses a socket keeps another one from binding 127.0.0.1.
_IN_THE_WAY = {"127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1", "*"}


@dataclass(frozen=True, slots=True)
class TcpSocket:
    """A socket by its local end. `inode` is 0 where no process holds it any more; None where that is unknown."""

    address: str
    port: int
    listens: bool
    inode: int | None


def listeners_of(pids: Iterable[int]) -> tuple[Listener, ...] | None:
    """Where these processes listen on TCP; None where this machine does not say."""
    try:
        listening = _sockets(1 << _LISTEN)
    except OSError:
        return _listeners_by_psutil(pids)
    inodes: set[int] = set()
    for pid in pids:
        try:
            inodes |= _socket_inodes(pid)
        except PermissionError:
            return None
        except OSError:
            continue
    found = {Listener(one.address, one.port) for one in listening if one.inode in inodes}
    return tuple(sorted(found, key=lambda one: (one.port, one.address)))


def listeners_seen_by(pid: int) -> tuple[Listener, ...] | None:
    """Who listens on TCP in the network namespace of that process; None where it has ended or is not ours."""
    found: set[Listener] = set()
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        try:
            lines = Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
        except OSError:
            return None
        found |= {_listed(line, family) for line in lines if line.split()[3] == _LISTEN_IN_HEX}
    return tuple(sorted(found, key=lambda one: (one.port, one.address)))


def _listed(line: str, family: int) -> Listener:
    """A line of /proc/net/tcp: addresses are words in the byte order of the machine, ports are plain numbers."""
    address, port = line.split()[1].split(":")
    words = [bytes.fromhex(address[index : index + 8])[::-1] for index in range(0, len(address), 8)]
    raw = b"".join(words) if sys.byteorder == "little" else bytes.fromhex(address)
    return Listener(socket.inet_ntop(family, raw), int(port, 16))


def is_held(port: int) -> bool:
    """True where a process holds a socket that keeps others from listening on 127.0.0.1:`port`.

    Connections that linger without a process (TIME_WAIT) do not count.
    """
    try:
        found = _sockets(_ALL_STATES, port)
    except OSError:
        return _cannot_bind(port)
    return any(one.inode and one.port == port and one.address in _IN_THE_WAY for one in found)


def _sockets(states: int, port: int = 0) -> Sequence[TcpSocket]:
    """The machine's TCP sockets in these states (a mask). Raises OSError where netlink does not answer."""
    if sys.platform != "linux":
        raise OSError("netlink is a Linux interface")
    found: list[TcpSocket] = []
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
    ) as kernel:
        kernel.settimeout(5)
        for family in (socket.AF_INET, socket.AF_INET6):
            request = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, states, socket.htons(port), 0)
            kernel.send(
                _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0) + request
            )
            while _read(kernel.recv(1 << 16), found):
                pass
    return found


def _read(data: bytes, found: list[TcpSocket]) -> bool:
    """Append the sockets in one datagram of the answer; False after the last one."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, offset)
        if kind == _DONE:
            return False
        if kind == _ERROR:
            raise OSError("netlink refuses to list sockets")
        body = offset + _HEADER.size
        family, state, _, _, port, _, address = _MESSAGE.unpack_from(data, body)
        (inode,) = _INODE.unpack_from(data, body + _INODE_OFFSET)
        raw = address[:4] if family == socket.AF_INET else address
        found.append(TcpSocket(socket.inet_ntop(family, raw), socket.ntohs(port), state == _LISTEN, inode))
        offset += (length + 3) & ~3
    return True


def _socket_inodes(pid: int) -> set[int]:
    inodes = set()
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):  # noqa: PTH208 — names only, and a Path for each is paid for
        with suppress(OSError):
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115
            if target.startswith("socket:["):
                inodes.add(int(target[8:-1]))
    return inodes


def _listeners_by_psutil(pids: Iterable[int]) -> tuple[Listener, ...] | None:
    import psutil

    found: set[Listener] = set()
    for pid in pids:
        try:
            connections = psutil.Process(pid).net_connections("tcp")
        except psutil.AccessDenied:
            return None
        except psutil.Error:
            continue
        found |= {Listener(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}
    return tuple(sorted(found, key=lambda one: (one.port, one.address)))


def _cannot_bind(port: int) -> bool:
    """Without a list of sockets, whether 127.0.0.1:`port` can be bound."""
    with socket.socket() as probe:
        # Connections that linger from an earlier instance must not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
