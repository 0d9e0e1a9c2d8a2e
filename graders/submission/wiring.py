"""Which ports a command of a submission needs: the one it serves, and those that its environment names.

Only the grader writes that environment, so a service reaches what it was given the address of, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from graders.sandbox.wires import Wires

_LOCAL = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\]):([0-9]{1,5})(?![0-9.])")


def wires_of(env: Mapping[str, str], *, serves: int | None = None, also: tuple[int, ...] = ()) -> Wires:
    """The wires of a command with that environment. `serves`: the port it listens on; `also`: further ports."""
    named = {int(port) for value in env.values() for port in _LOCAL.findall(value)}
    reaches = {port for port in (*named, *also, *_libpq_port(env)) if 0 < port < 65536 and port != serves}
    return Wires(serves=() if serves is None else (serves,), reaches=tuple(sorted(reaches)))


def _libpq_port(env: Mapping[str, str]) -> tuple[int, ...]:
    """PGPORT, which names no host in the same variable."""
    port = env.get("PGPORT", "")
    return (int(port),) if port.isdigit() else ()
