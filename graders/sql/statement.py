"""One statement as PostgreSQL saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Statement:
    """What the server's log says of one execution.

    `parameters` are the bound values as text (None is NULL), in order of `$n`; `session` and `vxid` as PostgreSQL
    prints them ("6b022c78.1c2e", "4/26"), `xid` 0 where none was assigned; `at` seconds since the epoch; `order`
    its place in the log; `plan` the "Plan" node of auto_explain with actual rows, None for utility statements;
    `error` the SQLSTATE it ended with. `nested` statements ran inside a function or a trigger. `after_gap`: the log
    lacks lines of the session right before it.
    """

    text: str
    parameters: tuple[str | None, ...] = ()
    session: str = ""
    vxid: str = ""
    xid: int = 0
    at: float = 0.0
    order: int = 0
    user: str = ""
    database: str = ""
    application: str = ""
    protocol: Literal["simple", "extended"] = "simple"
    nested: bool = False
    context: str = ""
    query_id: int = 0
    duration_ms: float | None = None
    plan: Mapping[str, Any] | None = None
    error: str | None = None
    source: str = ""
    line: int = 0
    after_gap: bool = False
