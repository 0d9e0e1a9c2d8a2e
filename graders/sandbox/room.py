"""Whether this user may start as many processes and threads as a run needs: else its failures would look like the
submission's."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from graders.errors import SandboxError

# PostgreSQL with a pool of connections, a service with its threads, a suite with a crowd of them.
NEEDED = 150
# Whoever may start so many is not counted.
_PLENTY = 5000
_CGROUP = Path("/sys/fs/cgroup")


def require_processes(needed: int = NEEDED) -> None:
    """Raise SandboxError where fewer than `needed` processes and threads are left to this user or its container."""
    for left, limit, how in (*_of_user(), *_of_container()):
        if left < needed:
            raise SandboxError(
                f"only {max(0, left)} more processes and threads may be started here ({how}: {limit}); a run needs"
                f" about {needed}",
                hint=f"end other programs, or raise that limit ({how})",
            )


def _of_user() -> list[tuple[int, int, str]]:
    """(left, limit, its name) of the limit on this user's processes, where there is one that counts."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    # The kernel does not hold root to it.
    if limit == resource.RLIM_INFINITY or limit >= _PLENTY or os.getuid() == 0 or sys.platform != "linux":
        return []
    return [(limit - _tasks_of(os.getuid()), limit, "ulimit -u")]


def _of_container() -> list[tuple[int, int, str]]:
    with suppress(OSError, ValueError):
        limit = int((_CGROUP / "pids.max").read_text())
        return [(limit - int((_CGROUP / "pids.current").read_text()), limit, "pids.max of the container")]
    return []


def _tasks_of(user: int) -> int:
    """The threads of all processes of a user."""
    count = 0
    for name in os.listdir("/proc"):  # noqa: PTH208 — names only, and a Path for each is paid for
        if name.isdigit():
            with suppress(OSError):
                if Path(f"/proc/{name}").stat().st_uid == user:
                    count += len(os.listdir(f"/proc/{name}/task"))  # noqa: PTH208
    return count
