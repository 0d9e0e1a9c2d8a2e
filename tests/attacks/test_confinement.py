"""Hostile commands in a box: each tries one thing, and prints `held` where it could not do it."""

from __future__ import annotations

import os
import re
import secrets
import socket
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from boxes import PATIENCE, PYTHON, eventually, made

from graders.sandbox.base import Limits, Mount, OutputBuffer, Process, Sandbox
from graders.sandbox.layout import own_folders
from graders.sandbox.ports import free_port
from graders.sandbox.wires import Wires

LIMITS = Limits(memory=96 << 20, processes=48, disk=16 << 20, files=128)
Run = Callable[..., tuple[Process, OutputBuffer]]

PRELUDE = """
import ctypes, errno, fcntl, mmap, os, resource, signal, socket, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def refused(attempt, *numbers):
    try:
        attempt()
    except OSError as error:
        return not numbers or error.errno in numbers
    return False

def call(*arguments):
    ctypes.set_errno(0)
    if libc.syscall(*arguments) == -1:
        raise OSError(ctypes.get_errno(), "refused")

def say(held):
    print("held" if held else "ESCAPED", flush=True)
"""

# What a command tries, by the attack's id in the corpus.
ATTACKS = {
    "RES-01": """
        made = 0
        try:
            while made < 1000:
                if os.fork() == 0:
                    time.sleep(60); os._exit(0)
                made += 1
        except OSError:
            pass
        say(made < 48)
    """,
    "RES-02": """
        made = 0
        try:
            while made < 1000:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                made += 1
        except RuntimeError:
            pass
        say(made < 48)
        os._exit(0)
    """,
    "RES-04": """
        def fill():
            for number in range(200):
                with open(f"/dev/shm/{number}", "wb") as file:
                    file.write(bytes(1 << 20))
        say(refused(fill, errno.ENOSPC))
    """,
    "RES-06": """
        def fill(place):
            for number in range(40):
                with open(f"{place}/{number}", "wb") as file:
                    file.write(bytes(1 << 20))
        say(refused(lambda: fill("/tmp"), errno.ENOSPC) and refused(lambda: fill("."), errno.ENOSPC))
    """,
    "RES-06b": """
        say(refused(lambda: open("large", "wb").truncate(1 << 40), errno.EFBIG))
    """,
    "RES-11": """
        held = []
        def open_all():
            while len(held) < 10000:
                held.append(socket.socket())
        say(refused(open_all, errno.EMFILE) and len(held) < 128)
    """,
    "RES-12": """
        say(resource.getrlimit(resource.RLIMIT_CORE) == (0, 0))
    """,
    "RES-13": """
        say(refused(lambda: call(250, 1, 0, 0, 0, 0), errno.EPERM))
    """,
    "PRC-03": """
        grader = int(os.environ["GRADER"])
        say(refused(lambda: os.kill(grader, 9), errno.ESRCH) and not os.path.exists(f"/proc/{grader}/mem"))
    """,
    "PRC-05": """
        places = ("/etc/cron.d", "/var/spool/cron", "/etc/systemd/system", "/run/systemd", "/etc/init.d")
        say(not any(os.path.exists(place) for place in places))
    """,
    "ESC-01": """
        places = ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger")
        say(all(refused(lambda: os.open(place, os.O_WRONLY)) for place in places))
    """,
    "ESC-02": """
        flags = (0x10000000, 0x00020000, 0x40000000, 0x20000000)
        say(
            all(refused(lambda: call(272, flag), errno.EPERM) for flag in flags)
            and refused(lambda: call(56, 0x10000000 | 17, 0, 0, 0, 0), errno.EPERM)
            and refused(lambda: call(435, 0, 0), errno.ENOSYS)
        )
    """,
    "ESC-03": """
        numbers = {"io_uring": 425, "bpf": 321, "perf": 298, "userfaultfd": 323, "ptrace": 101, "vm_readv": 310}
        say(all(refused(lambda: call(number, 0, 0, 0, 0, 0), errno.EPERM) for number in numbers.values()))
    """,
    "ESC-04": """
        kinds = ((16, 3), (17, 3), (38, 5), (40, 1), (2, 3))
        say(all(refused(lambda: socket.socket(family, kind)) for family, kind in kinds))
    """,
    "ESC-06": """
        say(
            refused(lambda: os.open("/dev/tty", os.O_RDWR))
            and refused(lambda: fcntl.ioctl(0, 0x5412, b"x"), errno.EPERM)
        )
    """,
    "ESC-07": """
        names = ("docker.sock", "podman", "dbus", "user", "snapd.socket")
        held = not any(os.path.exists(f"{place}/{name}") for place in ("/run", "/var/run") for name in names)
        say(held and not {"SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY"} & set(os.environ))
    """,
    "ESC-09": """
        say(not os.path.exists("/sys/fs/cgroup") and "cgroup" not in open("/proc/self/mounts").read())
    """,
    "ESC-10": """
        mounts = [line.split() for line in open("/proc/self/mounts")]
        allowed = [line[1] for line in mounts if "nosuid" not in line[3].split(",")]
        say(not allowed and "NoNewPrivs:\\t1" in open("/proc/self/status").read())
    """,
    "ESC-11": """
        say(all(refused(lambda: os.open(f"/proc/{pid}/exe", os.O_WRONLY)) for pid in ("self", "1")))
    """,
    "ESC-12": """
        names = set(os.listdir("/dev"))
        usual = {"null", "zero", "full", "random", "urandom", "tty", "fd", "stdin", "stdout", "stderr", "shm", "pts",
                 "ptmx", "core", "console"}
        say(names <= usual and refused(lambda: os.mknod("/tmp/mem", 0o20666, os.makedev(1, 1))))
    """,
    "HID-02": """
        say(open("/proc/1/environ", "rb").read().strip(b"\\0") == b"")
    """,
    "HID-04": """
        say(all(refused(lambda: os.fstat(number), errno.EBADF) for number in range(3, 2048)))
    """,
    "NET-01": """
        def reach(kind, place):
            with socket.socket(socket.AF_INET, kind) as out:
                out.settimeout(1)
                out.connect(place)
        tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
        say(all(refused(lambda: reach(kind, ("192.0.2.1", 53))) for kind in (tcp, udp)))
    """,
    "NET-02": """
        say(refused(lambda: socket.create_connection(("169.254.169.254", 80), 1)))
    """,
    "NET-03": """
        port = int(os.environ["OPEN"])
        names = ("127.0.0.1", "::1", "0.0.0.0")
        say(all(refused(lambda: socket.create_connection((name, port), 1)) for name in names))
    """,
    "NET-04": """
        def reach():
            socket.socket(socket.AF_UNIX).connect("\\0" + os.environ["ABSTRACT"])
        say(refused(reach, errno.ECONNREFUSED))
    """,
    "NET-09": """
        port = int(os.environ["WIRE"])
        def squat():
            with socket.socket() as own:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                own.bind(("127.0.0.1", port))
                own.listen()
        say(refused(squat, errno.EADDRINUSE))
    """,
    "BLD-05": """
        folder = os.path.dirname(sys.executable)
        say(refused(lambda: open(folder + "/poison", "w")) and refused(lambda: open(os.__file__, "a")))
    """,
}


@pytest.fixture(params=["bubblewrap"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return made(request.param)


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Iterator[Run]:
    started: list[Process] = []
    work = tmp_path / "work"
    work.mkdir(mode=0o755)

    def begin(code: str, wires: Wires = Wires(), **env: object) -> tuple[Process, OutputBuffer]:  # noqa: B008
        (work / "attack.py").write_text(PRELUDE + textwrap.dedent(code))
        output = OutputBuffer()
        known = {
            "PATH": f"{sys.base_prefix}/bin:{os.defpath}",
            **{name: str(value) for name, value in env.items()},
        }
        needs: dict[str, Any] = {"mounts": (Mount(work, "copy"),), "limits": LIMITS, "wires": wires}
        command = f"exec {PYTHON} -B attack.py"
        started.append(sandbox.start(command, cwd=work, env=known, output=output, **needs))
        return started[-1], output

    yield begin
    for process in started:
        process.kill()
    assert [path.name for path in work.iterdir()] == ["attack.py"], "the box wrote into the submission"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the attacks have the numbers of x86_64")
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_command_tries_within_its_box_fails(attack: str, run: Run) -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as listener,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        name = f"kata-{secrets.token_hex(8)}"
        abstract.bind("\0" + name)
        abstract.listen()
        wire = free_port()
        places = {"OPEN": listener.getsockname()[1], "ABSTRACT": name, "WIRE": wire, "GRADER": os.getpid()}
        process, output = run(ATTACKS[attack], Wires(reaches=(wire,)), **places)
        process.wait(PATIENCE)
    assert output.text().split() == ["held"], output.text()


MEMORY = {
    "RES-03": "held = bytearray(300 << 20)",
    "RES-04b": "shared = mmap.mmap(-1, 300 << 20)\nfor at in range(0, 300 << 20, 4096): shared[at] = 1",
    "RES-04c": "files = [os.memfd_create('m') for _ in range(30)]\nfor file in files: os.write(file, bytes(10 << 20))",
    "RES-05": """
        for _ in range(20):
            if os.fork() == 0:
                own = bytearray(20 << 20)
                time.sleep(60)
        time.sleep(60)
    """,
    "RES-06c": """
        for number in range(10 ** 7):
            os.close(os.open(f"/tmp/{number}", os.O_CREAT))
    """,
}


@pytest.mark.parametrize("attack", MEMORY)
def test_memory_of_every_kind_counts_and_the_limit_is_named(attack: str, run: Run) -> None:
    process, _ = run(MEMORY[attack])
    eventually(lambda: process.exceeded() or process.poll() is not None)
    process.kill()
    assert process.exceeded() == ("the memory limit of 96 MB",)


OTHER_ARCHITECTURES = {
    "x32": "call(0x40000000 | 39)",
    "i386": """
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(bytes.fromhex("b814000000cd80c3"))
        ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    """,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="these are system calls of x86")
@pytest.mark.parametrize("architecture", OTHER_ARCHITECTURES)
def test_calls_of_another_architecture_end_the_process(architecture: str, run: Run) -> None:
    process, output = run(textwrap.dedent(OTHER_ARCHITECTURES[architecture]) + "\nprint('ESCAPED')")
    assert process.wait(PATIENCE) == -31, output.text()
    assert "ESCAPED" not in output.text()


SEARCH = """
needle = bytes.fromhex(os.environ["HALF"]) + bytes.fromhex(os.environ["OTHER"])
found = []
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = set(folders) - {"usr", "dev"}
    if folder == "/proc":
        folders[:], files = [name for name in folders if name.isdigit()], []
    if folder == sys.prefix:
        folders.clear()
    for name in files:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                if needle in file.read(1 << 20):
                    found.append(os.path.join(folder, name))
        except OSError:
            continue
print(found)
"""


def test_no_secret_of_the_grader_is_found_anywhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = secrets.token_hex(16)
    (tmp_path / "suite.py").write_text(canary)
    (tmp_path / "sibling").mkdir()
    (tmp_path / "sibling" / "answer.py").write_text(canary)
    monkeypatch.setenv("KATA_ADMIN_PASSWORD", canary)
    half, other = canary.encode()[:16].hex(), canary.encode()[16:].hex()
    process, output = run(SEARCH, HALF=half, OTHER=other)
    assert process.wait(PATIENCE) == 0
    assert output.text().strip() == "[]"


def test_the_toolkit_and_its_packs_are_not_in_the_box(run: Run) -> None:
    names = {folder.name for folder in own_folders()}
    process, output = run(f"""
        for folder, folders, files in os.walk("/"):
            if {{*folders}} >= {names!r} or "kata.yaml" in files:
                print("ESCAPED", folder)
        say(True)
    """)
    process.wait(PATIENCE)
    assert output.text().split() == ["held"], output.text()


def test_a_folder_that_is_hidden_is_empty_though_one_around_it_is_shown(tmp_path: Path) -> None:
    shown, hidden = tmp_path / "shown", tmp_path / "shown" / "pack"
    hidden.mkdir(parents=True)
    (hidden / "suite.py").write_text("secret")
    (shown / "program.py").write_text("open")
    for folder in (shown, hidden):
        folder.chmod(0o755)
    output = OutputBuffer()
    process = made("bubblewrap", hidden=(hidden,)).start(
        "find . -type f; touch pack/mine 2>/dev/null && echo ESCAPED; true",
        cwd=shown, env={"PATH": os.defpath}, output=output, mounts=(Mount(shown),), limits=LIMITS,
    )  # fmt: skip
    assert process.wait(PATIENCE) == 0, output.text()
    assert output.text().split() == ["./program.py"]


SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"mine")
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
"""


def asked(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return bytes(answer.read())


def answers(port: int) -> bool:
    try:
        return asked(port) == b"mine"
    except OSError:
        return False


def test_killing_every_process_in_the_box_leaves_the_wires(run: Run) -> None:
    port = free_port()
    run(
        SERVER + "\nsubprocess.Popen(['sleep', '60'])\nos.kill(-1, 9)\nserver.serve_forever()",
        Wires(serves=(port,)),
        PORT=port,
    )
    eventually(lambda: answers(port))
    assert asked(port) == b"mine"


def test_two_boxes_have_the_same_port_and_do_not_see_each_other(run: Run, sandbox: Sandbox) -> None:
    first, second = free_port(), free_port()
    run(SERVER + "\nserver.serve_forever()", Wires(serves=(first,)), PORT=first)
    eventually(lambda: answers(first))
    process, output = run(
        f"""
        socket.create_server(("127.0.0.1", {first})).close()
        say(refused(lambda: socket.create_connection(("127.0.0.1", {first}), 1), errno.ECONNREFUSED))
        """,
        Wires(serves=(second,)),
    )
    process.wait(PATIENCE)
    assert output.text().split() == ["held"], output.text()


def test_a_connection_that_nothing_listens_for_is_broken_at_once(run: Run) -> None:
    port = free_port()
    _, output = run("print('on', flush=True); time.sleep(60)", Wires(serves=(port,)))
    eventually(lambda: "on" in output.text())
    # Either end of the call may see it first.
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
    ):
        connection.recv(1)


def test_a_large_answer_arrives_whole_and_a_half_closed_connection_is_passed_on(run: Run) -> None:
    port = free_port()
    run(
        """
        listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
        connection, _ = listener.accept()
        received = 0
        while piece := connection.recv(1 << 16):
            received += len(piece)
        connection.sendall(str(received).encode().rjust(20))
        connection.sendall(bytes(5 << 20))
        """,
        Wires(serves=(port,)),
        PORT=port,
    )
    sent = bytes(3 << 20)

    def exchange() -> bytes:
        # Until the command listens, a connection is refused or reset, in the middle of connect() too.
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(1 << 16), b""))
        except OSError:
            return b""

    answer: list[bytes] = []
    eventually(lambda: answer.append(exchange()) or answer[-1])
    assert int(re.sub(rb"\D", b"", answer[-1][:20])) == len(sent)
    assert len(answer[-1]) == 20 + (5 << 20)
