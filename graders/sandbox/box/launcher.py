"""The process between a supervisor and a box: it makes the box, joins its wires, passes signals on, and ends as the
command did.

Arguments: the descriptors of the plan and of the report. It stays outside of the box; what it holds dies with it.
"""

from __future__ import annotations

# Standard modules that are loaded anyway: each further one is paid for at every start.
# ruff: noqa: PTH102, PTH112
import os
import resource
import signal
from collections.abc import Sequence
from contextlib import suppress

from graders.sandbox.box import syscalls
from graders.sandbox.box.plan import READY, Bind, BoxPlan, unpacked
from graders.sandbox.box.wire import SocketSource, connected, host_listeners

# A place that every system has; covered in the mount namespace of the child alone.
_STAGE = "/tmp"
_GOODBYE_SECONDS = 0.02


def main(arguments: Sequence[str]) -> None:
    given, report = int(arguments[0]), int(arguments[1])
    syscalls.die_with_parent(signal.SIGKILL)
    os.set_inheritable(report, False)
    with os.fdopen(given, "rb") as file:
        plan = unpacked(file.read())
    wakeup, signalled = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    box = _Box()
    signal.signal(signal.SIGTERM, box.pass_on)
    for number in (signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, lambda *_: None)
    listeners = host_listeners(plan.wires)
    box.start(plan)
    relay = connected(plan.wires, listeners, SocketSource(box.inner, plan.uid))
    os.write(report, f"{READY} {box.inner}\n".encode())
    os.close(report)
    box.release()
    _let_go_of_output()
    relay.run(wakeup, box.has_ended)
    _exit_as(box.status)


class _Box:
    """bubblewrap and what it runs. `inner`: the first process in the box, as this machine numbers it."""

    def __init__(self) -> None:
        self.inner = 0
        self.status = 0
        self._outer = 0
        self._gate = -1
        self._held_open = False

    def start(self, plan: BoxPlan) -> None:
        """Returns once the namespaces are there; the command waits for `release`. Raises OSError."""
        info_read, info_write = os.pipe()
        wait, self._gate = os.pipe()
        os.set_inheritable(info_write, True)
        os.set_inheritable(wait, True)
        self._outer = os.fork()
        if self._outer == 0:
            _become_bubblewrap(plan, info_write, wait)
        os.close(info_write)
        os.close(wait)
        self.inner = _first_process(info_read)

    def release(self) -> None:
        """Let the command run."""
        os.write(self._gate, b"+")
        os.close(self._gate)

    def has_ended(self) -> bool:
        """True once bubblewrap has ended, with everything in the box."""
        if self._held_open and not _group_lives_below(self.inner):
            self._hold_open(held=False)
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == self._outer:
                    self.status = os.waitstatus_to_exitcode(status)
                    return True
                if pid == 0:
                    break
        return False

    def pass_on(self, number: int, _: object) -> None:
        """The signal for the command's process group, which is that of the first process in the box."""
        with suppress(OSError):
            if self.inner:
                self._hold_open(held=True)
                os.killpg(os.getpgid(self.inner), number)

    def _hold_open(self, *, held: bool) -> None:
        """The first process ends the box with the command, and a shell dies of SIGTERM at once: it is stopped for as
        long as a server behind the shell says goodbye. A timer's signal has `has_ended` asked in the meantime."""
        self._held_open = held
        pause = _GOODBYE_SECONDS if held else 0
        signal.setitimer(signal.ITIMER_REAL, pause, pause)
        with suppress(ProcessLookupError):
            os.kill(self.inner, signal.SIGSTOP if held else signal.SIGCONT)


def _group_lives_below(first: int) -> bool:
    """Whether a child of that process lives in its process group. Those of a process that has ended become its own."""
    try:
        with open(f"/proc/{first}/task/{first}/children", "rb") as file:  # noqa: PTH123
            children = file.read().split()
        group = os.getpgid(first)
    except OSError:
        return False
    return any(_lives_in(int(child), group) for child in children)


def _lives_in(pid: int, group: int) -> bool:
    with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        state, _, its = file.read().rpartition(b")")[2].split()[:3]
        return state not in b"ZX" and int(its) == group
    return False


def _first_process(info_read: int) -> int:
    said = b""
    while not said.rstrip().endswith(b"}"):
        piece = os.read(info_read, 4096)
        if not piece:
            raise OSError("bubblewrap did not start")
        said += piece
    return int(said.partition(b'"child-pid":')[2].strip(b" \n}").split(b",")[0])


def _become_bubblewrap(plan: BoxPlan, info_write: int, wait: int) -> None:
    try:
        # Not in the launcher's group, to which the supervisor sends SIGTERM.
        os.setsid()
        syscalls.die_with_parent(signal.SIGKILL)
        for group in plan.groups:
            _join(group)
        for name, value in plan.resources.items():
            resource.setrlimit(getattr(resource, name), (value, value))
        sources, program = [bind.source for bind in plan.binds], plan.bubblewrap
        if plan.uid is not None:
            sources, program = _staged(plan)
            _drop(plan.uid)
        options = [*plan.before, *_mounted(plan.binds, sources), *_written(plan.files), *plan.after]
        options += ["--info-fd", str(info_write), "--block-fd", str(wait)]
        options += ["--seccomp", str(_holding(bytes.fromhex(plan.filter)))]
        given = _holding("\0".join(options).encode("utf-8", "surrogateescape"))
        _restore_signals()
        os.execve(program, ["bwrap", "--args", str(given), "--", *plan.command], {})
    except BaseException as error:
        os.write(2, f"the box cannot be made: {error}\n".encode())
    os._exit(126)


def _join(group: str) -> None:
    descriptor = os.open(group, os.O_WRONLY)
    try:
        os.write(descriptor, b"0")
    finally:
        os.close(descriptor)


def _staged(plan: BoxPlan) -> tuple[list[str], str]:
    """Each source, and the program, under names that any user can reach, in a mount namespace of this process."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    sources = [*(bind.source for bind in plan.binds), *([plan.bundled] if plan.bundled else [])]
    held = [os.open(source, os.O_PATH | os.O_CLOEXEC) for source in sources]
    syscalls.mount("stage", _STAGE, "tmpfs", 0, "mode=755")
    staged = [_bound(source, f"{_STAGE}/{number}") for number, source in enumerate(held)]
    program = plan.bubblewrap
    if plan.bundled:
        program = staged.pop() + program.removeprefix(plan.bundled)
    return staged, program


def _bound(source: int, place: str) -> str:
    if _is_folder(source):
        os.mkdir(place)
    else:
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
    syscalls.mount(f"/proc/self/fd/{source}", place, "", syscalls.MS_BIND | syscalls.MS_REC)
    return place


def _is_folder(descriptor: int) -> bool:
    return os.path.isdir(f"/proc/self/fd/{descriptor}")


def _drop(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # The kernel forgets it when the user changes.
    syscalls.die_with_parent(signal.SIGKILL)


def _mounted(binds: Sequence[Bind], sources: Sequence[str]) -> list[str]:
    options = []
    for bind, source in zip(binds, sources, strict=True):
        options += ["--bind" if bind.writable else "--ro-bind", source, bind.target]
    return options


def _written(files: dict[str, str]) -> list[str]:
    options = []
    for place, text in files.items():
        options += ["--perms", "0444", "--file", str(_holding(text.encode())), place]
    return options


def _holding(data: bytes) -> int:
    """A descriptor from which bubblewrap reads that."""
    descriptor = os.memfd_create("box", 0)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)
    return descriptor


def _restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def _let_go_of_output() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nothing, descriptor)


def _exit_as(status: int) -> None:
    """As the command ended: bubblewrap says 128 and the number of the signal, as a shell does."""
    number = -status if status < 0 else status - 128
    if number in signal.valid_signals():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(status if status >= 0 else 126)


def run(arguments: Sequence[str]) -> None:
    """`main`, with what goes wrong in words on standard error."""
    try:
        main(arguments)
    except OSError as problem:
        os.write(2, f"{problem}\n".encode())
        os._exit(126)
