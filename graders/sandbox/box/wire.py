"""Connections across the border of a box: sockets in its network namespace, made from outside, joined with ours.

A process in the box can end neither side: it sees the sockets' other ends alone.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

from graders.sandbox.box.syscalls import CLONE_NEWNET, CLONE_NEWUSER, owner_of, setns
from graders.sandbox.wires import Wires

HOST = "127.0.0.1"
_CHUNK = 64 * 1024
_MOST_CONNECTIONS = 1024
_BACKLOG = 512
_LOOPBACK_SECONDS = 5.0
_LAST_SECONDS = 1.0
_RESET = struct.pack("ii", 1, 0)


class SocketSource:
    """Makes sockets in the network namespace of another process, by a process that has entered it."""

    def __init__(self, pid: int, uid: int | None) -> None:
        self._own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        child = os.fork()
        if child == 0:
            self._own.close()
            _make_sockets(other, network, uid)
        os.close(network)
        other.close()
        if self._own.recv(1) != b"+":
            raise OSError(errno.EPERM, "the network namespace of the box cannot be entered")

    def make(self) -> socket.socket:
        """A TCP socket of the box, neither bound nor connected."""
        self._own.send(b"4")
        _, descriptors, _, _ = socket.recv_fds(self._own, 1, 1)
        return socket.socket(fileno=descriptors[0])


def _make_sockets(orders: socket.socket, network: int, uid: int | None) -> None:
    """The process in the namespace: one socket for each order, until the other end is closed."""
    try:
        # Neither signals for the launcher's group nor its output are meant for this one.
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        if os.geteuid() != 0:
            # Only who owns the namespace may enter: we do, from the user namespace that made it.
            setns(owner_of(network), CLONE_NEWUSER)
        setns(network, CLONE_NEWNET)
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        orders.send(b"+")
        while orders.recv(1):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
                socket.send_fds(orders, [b"4"], [made.fileno()])
    except BaseException:
        os._exit(1)
    os._exit(0)


class _End:
    """One side of a joined connection: what it has sent and the other has not taken yet."""

    __slots__ = ("closed", "connecting", "events", "peer", "pending", "socket")

    def __init__(self, own: socket.socket) -> None:
        self.socket = own
        self.peer: _End = self
        self.pending = b""
        self.closed = False
        self.connecting = False
        self.events = -1


class Relay:
    """Joins connections. `run` serves them until `over` says so."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._listeners: dict[int, tuple[socket.socket, Callable[[], socket.socket], int]] = {}
        self._ends: dict[int, _End] = {}

    def listen(self, listener: socket.socket, connect: Callable[[], socket.socket], port: int) -> None:
        """Join each connection to `listener` with a socket of `connect` that is connected to 127.0.0.1:`port`."""
        listener.setblocking(False)
        self._listeners[listener.fileno()] = (listener, connect, port)
        self._poll.register(listener.fileno(), select.EPOLLIN)

    def run(self, wakeup: int, over: Callable[[], bool]) -> None:
        """Serve until `over`; it is asked whenever `wakeup` is readable."""
        self._poll.register(wakeup, select.EPOLLIN)
        while True:
            for descriptor, events in self._poll.poll():
                if descriptor != wakeup:
                    self._serve(descriptor, events)
                    continue
                with suppress(BlockingIOError):
                    os.read(wakeup, 4096)
                if over():
                    self._finish(wakeup)
                    return

    def _finish(self, wakeup: int) -> None:
        """What the box sent before its end still arrives."""
        self._poll.unregister(wakeup)
        for descriptor in self._listeners:
            self._poll.unregister(descriptor)
        give_up = time.monotonic() + _LAST_SECONDS
        while self._ends and time.monotonic() < give_up:
            waiting = any(end.pending for end in self._ends.values())
            found = self._poll.poll(0.05 if waiting else 0)
            if not found and not waiting:
                return
            for descriptor, events in found:
                self._serve(descriptor, events)

    def _serve(self, descriptor: int, events: int) -> None:
        if descriptor in self._listeners:
            self._accept(*self._listeners[descriptor])
        elif descriptor in self._ends:
            self._move(self._ends[descriptor], events)

    def _accept(self, listener: socket.socket, connect: Callable[[], socket.socket], port: int) -> None:
        with suppress(OSError):
            arrived, _ = listener.accept()
            if len(self._ends) >= 2 * _MOST_CONNECTIONS:
                _break(arrived)
                return
            self._join(arrived, connect(), port)

    def _join(self, arrived: socket.socket, made: socket.socket, port: int) -> None:
        for one in (arrived, made):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        result = made.connect_ex((HOST, port))
        if result not in (0, errno.EINPROGRESS):
            _break(arrived)
            made.close()
            return
        here, there = _End(arrived), _End(made)
        here.peer, there.peer = there, here
        there.connecting = result != 0
        for end in (here, there):
            self._ends[end.socket.fileno()] = end
            self._poll.register(end.socket.fileno(), 0)
        self._watch(here)
        self._watch(there)

    def _move(self, end: _End, events: int) -> None:
        try:
            if end.connecting and events & (select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP):
                problem = end.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if problem:
                    raise OSError(problem, os.strerror(problem))
                end.connecting = False
            if events & select.EPOLLOUT and end.peer.pending:
                self._write(end.peer)
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) and not end.pending:
                self._read(end)
        except BlockingIOError:
            pass
        except OSError:
            self._reset(end)
            return
        if end.closed and end.peer.closed and not (end.pending or end.peer.pending):
            self._close(end)
            return
        self._watch(end)
        self._watch(end.peer)

    def _read(self, end: _End) -> None:
        if end.closed or end.peer.connecting:
            return
        end.pending = end.socket.recv(_CHUNK)
        if end.pending:
            self._write(end)
        else:
            end.closed = True
            end.peer.socket.shutdown(socket.SHUT_WR)

    @staticmethod
    def _write(end: _End) -> None:
        """Hand on what `end` has sent."""
        with suppress(BlockingIOError):
            sent = end.peer.socket.send(end.pending)
            end.pending = end.pending[sent:]

    def _watch(self, end: _End) -> None:
        reads = not (end.closed or end.pending or end.peer.connecting or end.connecting)
        writes = end.connecting or bool(end.peer.pending)
        events = (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if writes else 0)
        if events == end.events:
            return
        end.events = events
        # A hang-up is reported even where nothing is asked for: an end that has nothing more to say is not watched.
        self._poll.modify(end.socket.fileno(), events if events else select.EPOLLONESHOT)

    def _reset(self, end: _End) -> None:
        for one in (end, end.peer):
            with suppress(OSError):
                one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close(end)

    def _close(self, end: _End) -> None:
        for one in (end, end.peer):
            self._ends.pop(one.socket.fileno(), None)
            one.socket.close()


def _break(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()


def host_listeners(wires: Wires) -> dict[int, socket.socket]:
    """A listener of this machine for each port that the box serves. Raises OSError where one is taken."""
    return {port: socket.create_server((HOST, port), backlog=_BACKLOG) for port in wires.serves}


def connected(wires: Wires, listeners: dict[int, socket.socket], source: SocketSource) -> Relay:
    """The relay for these wires, listening on both sides. Raises OSError."""
    relay = Relay()
    for port, listener in listeners.items():
        relay.listen(listener, source.make, port)
    for port in wires.reaches:
        relay.listen(_listening(source.make(), port), _ours, port)
    return relay


def _ours() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def _listening(made: socket.socket, port: int) -> socket.socket:
    """The socket of the box, bound and listening; its loopback interface may need a moment to come up."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    give_up = time.monotonic() + _LOOPBACK_SECONDS
    while True:
        try:
            made.bind((HOST, port))
            break
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL or time.monotonic() > give_up:
                raise
            time.sleep(0.0005)
    made.listen(_BACKLOG)
    return made
