"""The parent of a foreign command, run as a script: it outlives the grader just long enough to end the tree.

Arguments: a descriptor to report on, the mark of the tree (see brand; 0 for none), the descriptors that the command
inherits (`-` for none), the command, and the environment variables that Python itself set and the command must not
see. Standard input is the leash: `T` asks for SIGTERM to the
command's process group, end of file (the grader let go, or died) ends the tree at once; between `Z` and `C` the grader
stops on purpose. Otherwise a grader that somebody has stopped (SIGSTOP), or a process of it, is let go on; where that
does not help, the tree is ended. It exits as the command did, after everything that the command left behind.
Nothing of the package is imported here, so that it starts in a few milliseconds.
"""

# pathlib and contextlib would double the time that a start takes.
# ruff: noqa: PTH123, PTH208, SIM105

import os
import select
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
RLIMIT_LOCKS = 10
GIVE_UP_SECONDS = 10.0
PARENT_CHECK_SECONDS = 0.5
GROUP_CHECK_SECONDS = 0.02
# Looks in a row at which the grader was found stopped.
MOST_RESUMES = 40
OWN_NAME = os.path.basename(__file__).encode()  # noqa: PTH119


def main() -> None:
    report, brand, command, unwanted = int(sys.argv[1]), int(sys.argv[2]), sys.argv[4], sys.argv[5:]
    keep = [] if sys.argv[3] == "-" else [int(kept) for kept in sys.argv[3].split(",")]
    take(brand)
    adopt_orphans()
    ignore_signals()
    wakeup, signalled = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else nonblocking_pipe()
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    child = start(command, report, keep, unwanted)
    for descriptor in (report, *keep):
        os.close(descriptor)
    silence()
    supervise(child, wakeup)


def adopt_orphans() -> None:
    """Makes this process the parent of every orphan below it, so that leaving the session does not escape."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def take(brand: int) -> None:
    """Marks this process and all that it starts."""
    if brand:
        import resource

        resource.setrlimit(RLIMIT_LOCKS, (brand, brand))


def ignore_signals() -> None:
    """What the command sends to its keeper, short of SIGKILL and SIGSTOP, does nothing."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass


def nonblocking_pipe() -> tuple[int, int]:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write


def start(command: str, report: int, keep: list[int], unwanted: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        # Whoever holds the other end reads from it that the process group is there, and which it is.
        os.write(report, b"%d\n" % os.getpid())
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        bounds = [2, *sorted(keep), 256]
        for lower, upper in zip(bounds, bounds[1:]):  # noqa: B905, RUF007 — itertools is one more import
            os.closerange(lower + 1, upper)
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):
                pass
        no_core_dumps()
        environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        os.execve("/bin/sh", ["sh", "-c", command], environment)
    except BaseException as error:
        os.write(2, f"cannot run /bin/sh: {error}\n".encode())
    os._exit(127)


def no_core_dumps() -> None:
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def silence() -> None:
    """Lets go of the command's output, so that it ends when the command's tree does."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def supervise(child: int, wakeup: int) -> None:
    grader = os.getppid()
    ended: int | None = None
    asked_to_end = stop_is_meant = False
    resumed = 0
    while True:
        ended = reap(child, ended)
        # A shell dies of SIGTERM at once; the server behind it may still be saying goodbye.
        if ended is not None and not (asked_to_end and group_lives(child)):
            end_tree(child)
            if not stop_is_meant:
                resume(grader)
            exit_as(ended)
        pause = PARENT_CHECK_SECONDS if ended is None else GROUP_CHECK_SECONDS
        ready, _, _ = select.select([0, wakeup], [], [], pause)
        if wakeup in ready:
            os.read(wakeup, 4096)
        order = os.read(0, 1) if 0 in ready else b"-"
        # A process forked from the grader may hold the other end of the leash for longer than the grader lives.
        if not order or os.getppid() != grader:
            end_tree(child)
            os._exit(137)
        if order in (b"Z", b"C"):
            stop_is_meant = order == b"Z"
        elif not ready and not stop_is_meant:
            resumed = resumed + 1 if resume(grader) else 0
            if resumed == MOST_RESUMES:
                end_tree(child)
                # The command may have stopped it once more before its end, and nobody looks after this.
                resume(grader)
                os._exit(137)
        if order == b"T":
            asked_to_end = True
            signal_group(child, signal.SIGTERM)


def resume(grader: int) -> bool:
    """Lets the grader go on, and what it has started, where somebody has stopped that; True where it was so."""
    stopped = [pid for pid in processes_of(grader) if state_of(pid) == b"T"]
    # The grader hears of each, also of those that are not itself.
    for pid in (*stopped, *([grader] if stopped else [])):
        try:
            os.kill(pid, signal.SIGCONT)
        except (ProcessLookupError, PermissionError):
            pass
    return bool(stopped)


def processes_of(grader: int) -> list[int]:
    """The grader and all below it, but not what supervisors look after: services may stop themselves."""
    found = [grader]
    for pid in found:
        if pid == grader or OWN_NAME not in read(f"/proc/{pid}/cmdline"):
            tasks = listed(f"/proc/{pid}/task")
            found += [
                int(child) for task in tasks for child in read(f"/proc/{pid}/task/{task}/children").split()
            ]
    return found


def state_of(pid: int) -> bytes:
    return read(f"/proc/{pid}/stat").rpartition(b")")[2].strip()[:1]


def listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def reap(child: int, ended: int | None) -> int | None:
    """Reaps what has ended; the wait status of the command itself once it has, `ended` if that was known before."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0 if ended is None else ended
        if pid == 0:
            return ended
        if pid == child:
            ended = status


def group_lives(child: int) -> bool:
    try:
        os.killpg(child, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def signal_group(child: int, number: int) -> None:
    try:
        os.killpg(child, number)
    except (ProcessLookupError, PermissionError):
        pass


def end_tree(child: int) -> None:
    """SIGKILL for the group and then for each child, until no child is left: an orphan becomes a child."""
    give_up = time.monotonic() + GIVE_UP_SECONDS
    signal_group(child, signal.SIGKILL)
    pause = 0.0
    while time.monotonic() < give_up:
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pause = 0.0
        except ChildProcessError:
            return
        time.sleep(pause)
        pause = min(0.01, pause + 0.0005)


def children() -> list[int]:
    me = os.getpid()
    try:
        with open(f"/proc/{me}/task/{me}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return [pid for pid, parent in processes() if parent == me]


def processes() -> list[tuple[int, int]]:
    """(pid, parent) of every process of the machine; empty where there is no /proc."""
    found = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    found.append((int(name), int(file.read().rpartition(b")")[2].split()[1])))
            except (OSError, ValueError, IndexError):
                continue
    return found


def exit_as(status: int) -> None:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        no_core_dumps()
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
