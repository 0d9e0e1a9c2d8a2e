"""What a launcher is to do, as the grader writes it and the launcher reads it."""

from __future__ import annotations

import marshal
from dataclasses import asdict, dataclass, field

from graders.sandbox.wires import NO_WIRES, Wires

# What a launcher reports once the wires are there and the command is about to run: this, and the number of the first
# process in the box.
READY = "ready"


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder or file of this machine under its place in the box."""

    source: str
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """One box. `before` and `after`: bubblewrap's options around those for `binds` and `files`; `uid` None: the
    caller's own; `groups`: the cgroup.procs files to join; `filter`: the seccomp program in hexadecimal; `bundled`:
    the folder that `bubblewrap` and its libraries are in, empty for the system's."""

    bubblewrap: str
    before: tuple[str, ...]
    binds: tuple[Bind, ...]
    files: dict[str, str]
    after: tuple[str, ...]
    command: tuple[str, ...]
    filter: str
    uid: int | None = None
    bundled: str = ""
    groups: tuple[str, ...] = ()
    resources: dict[str, int] = field(default_factory=dict)
    wires: Wires = NO_WIRES


def packed(plan: BoxPlan) -> bytes:
    """The plan for the same interpreter in another process: json would cost a launcher 20 ms of imports."""
    return marshal.dumps(asdict(plan))


def unpacked(data: bytes) -> BoxPlan:
    """The plan again. `data` must come from the grader: marshal is not for foreign bytes."""
    read = marshal.loads(data)
    binds = tuple(Bind(**one) for one in read.pop("binds"))
    wires = Wires(**{name: tuple(ports) for name, ports in read.pop("wires").items()})
    lists = {name: tuple(value) for name, value in read.items() if isinstance(value, list)}
    return BoxPlan(**{**read, **lists}, binds=binds, wires=wires)
