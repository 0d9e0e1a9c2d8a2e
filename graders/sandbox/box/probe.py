"""A trusted program that attacks the box it runs in, and prints as JSON what it could do.

Every entry is a promise by name, with what was found against it: an empty text where it held.
"""

from __future__ import annotations

# ruff: noqa: PTH110, PTH123, PTH208
import ctypes
import json
import os
import resource
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

_REFUSED = (1, 38)  # EPERM, ENOSYS
_CALLS = {"x86_64": 0, "aarch64": 1}
# name: numbers on x86_64 and aarch64, of calls that fail otherwise with arguments of zero.
_KERNEL = {
    "ptrace": (101, 117),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "process_vm_readv": (310, 270),
    "kexec_load": (246, 104),
    "open_by_handle_at": (304, 265),
}
_FAMILIES = {"AF_NETLINK": 16, "AF_PACKET": 17, "AF_ALG": 38, "AF_VSOCK": 40}
_DOORS = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/run/dbus/system_bus_socket",
)
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    asked = json.loads(sys.argv[1])
    checks: dict[str, Callable[[], list[str]]] = {
        "files": lambda: _files(asked["secrets"]),
        "root": _root,
        "environment": lambda: _environment(asked["variables"]),
        "descriptors": _descriptors,
        "processes": _processes,
        "privileges": _privileges,
        "namespaces": _namespaces,
        "calls": _calls,
        "sockets": _sockets,
        "network": lambda: _network(asked["closed"]),
        "wires": lambda: _wires(asked["wire"]),
        "terminal": _terminal,
        "doors": _doors,
        "disk": lambda: _disk(asked["disk"]),
    }
    for name, check in checks.items():
        try:
            found = check()
        except BaseException as error:
            found = [f"{type(error).__name__}: {error}"]
        print(json.dumps([name, "; ".join(found)]), flush=True)


def _files(secrets: list[str]) -> list[str]:
    return [f"{path} is there" for path in secrets if os.path.lexists(path)]


def _root() -> list[str]:
    places = ("/", "/usr", "/usr/bin", "/etc", "/dev", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger")
    return [f"{place} can be written" for place in places if _writable(place)]


def _writable(place: str) -> bool:
    target = Path(place, "kata-probe") if Path(place).is_dir() else Path(place)
    try:
        os.close(os.open(target, os.O_WRONLY | (os.O_CREAT if target.name == "kata-probe" else 0)))
    except OSError:
        return False
    return True


def _environment(allowed: list[str]) -> list[str]:
    found = [f"{name} is set" for name in os.environ if name not in allowed]
    if Path("/proc/1/environ").read_bytes().strip(b"\0"):
        found.append("the first process has an environment")
    return found


def _descriptors() -> list[str]:
    held = sorted(int(name) for name in os.listdir("/proc/self/fd"))
    # The listing itself takes one, which is closed by now.
    return [f"descriptor {number} is open" for number in held if number > 2 and _is_open(number)]


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _processes() -> list[str]:
    seen = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [f"{len(seen)} processes are seen"] if len(seen) > 8 or os.getpid() > 1000 else []


def _privileges() -> list[str]:
    status = dict(
        line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line
    )
    expected = {"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}
    found = [f"{name} is {status.get(name)}" for name, value in expected.items() if status.get(name) != value]
    if os.getuid() == 0:
        found.append("it runs as root")
    if resource.getrlimit(resource.RLIMIT_CORE)[0] != 0:
        found.append("core dumps are written")
    return found


def _namespaces() -> list[str]:
    wanted = {"user": 0x10000000, "mount": 0x00020000, "network": 0x40000000}
    found = [f"a {name} namespace can be made" for name, flag in wanted.items() if _can_unshare(flag)]
    ctypes.set_errno(0)
    # Where mounting is refused, the place is not even looked at.
    if _libc.mount(b"none", b"/nowhere", b"tmpfs", 0, None) == 0 or ctypes.get_errno() != 1:
        found.append("a file system can be mounted")
    return found


def _can_unshare(flag: int) -> bool:
    """Tried in a process of its own, which the other probes do not share a namespace with."""
    child = os.fork()
    if child == 0:
        os._exit(0 if _libc.unshare(flag) == 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _calls() -> list[str]:
    column = _CALLS.get(os.uname().machine)
    if column is None:
        return [f"the numbers of system calls on {os.uname().machine} are not known"]
    return [f"{name} is not refused" for name, numbers in _KERNEL.items() if not _refused(numbers[column])]


def _refused(number: int) -> bool:
    ctypes.set_errno(0)
    return _libc.syscall(number, 0, 0, 0, 0, 0, 0) == -1 and ctypes.get_errno() in _REFUSED


def _sockets() -> list[str]:
    found = []
    for name, family in _FAMILIES.items():
        try:
            socket.socket(family, socket.SOCK_DGRAM if family != 38 else socket.SOCK_SEQPACKET).close()
        except OSError:
            continue
        found.append(f"{name} can be opened")
    return found


def _network(closed: list[list[object]]) -> list[str]:
    return [f"{host}:{port} answers" for host, port in closed if _connects(str(host), int(str(port)))]


def _connects(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.3):
            return True
    except OSError:
        return False


def _wires(port: int) -> list[str]:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        wire.sendall(b"ping")
        return [] if wire.recv(4) == b"pong" else ["the wire to the grader does not answer"]


def _terminal() -> list[str]:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return []
    return ["there is a terminal"]


def _doors() -> list[str]:
    return [f"{path} is there" for path in _DOORS if os.path.exists(path)]


def _disk(size: int) -> list[str]:
    found = []
    for place in ("/tmp", "/dev/shm"):
        target = Path(place, "full")
        try:
            # A hole would not do: the blocks must be allocated. One file's size is limited too, so there are several.
            for number in range(5):
                with open(f"{target}{number}", "wb") as file:
                    os.posix_fallocate(file.fileno(), 0, size // 4)
        except OSError:
            continue
        finally:
            for leftover in Path(place).glob("full*"):
                leftover.unlink()
        found.append(f"{place} takes more than {size >> 20} MB")
    return found


def take_memory(size: int) -> None:
    """Shared memory, which no limit of a single process counts."""
    import mmap

    with mmap.mmap(-1, size) as memory:
        for offset in range(0, size, 4096):
            memory[offset : offset + 4] = struct.pack("=I", 1)
    print("taken", flush=True)


def take_processes(most: int) -> None:
    """As many processes as there can be."""
    made = 0
    try:
        for _ in range(most):
            if os.fork() == 0:
                import time

                time.sleep(60)
                os._exit(0)
            made += 1
    except OSError:
        pass
    print(made, flush=True)
    os.kill(0, 9)


if __name__ == "__main__":
    if sys.argv[1] == "memory":
        take_memory(int(sys.argv[2]))
    elif sys.argv[1] == "forks":
        take_processes(int(sys.argv[2]))
    else:
        main()
