"""Which connections cross the border of a sandbox."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wires:
    """Ports that cross the border of the sandbox, under the same number on 127.0.0.1 of both sides.

    `serves`: where the command listens and this machine connects; `reaches`: where this machine listens (a database,
    a proxy before it) and the command connects.
    """

    serves: tuple[int, ...] = ()
    reaches: tuple[int, ...] = ()


NO_WIRES = Wires()
