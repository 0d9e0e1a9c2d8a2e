"""What an audit or a proof finds wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to fix: where (a file with its line, a solution, a check), what is wrong, and what to do.

    `blocking`: no run is meaningful before it is fixed. `deprecation`: it works as it is, and does not keep the
    kata from being proved.
    """

    where: str
    message: str
    hint: str = ""
    blocking: bool = False
    deprecation: bool = False
