"""The state of a script while it is read, and the hazards found so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graders.sql.ddl.hazard_kinds import KINDS, Kind

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hazard:
    """One suspicion: `statement` is the place among the script's statements, from 0; `subject` the table, index or
    type; `detail` the column or constraint."""

    code: str
    statement: int
    subject: str = ""
    detail: str = ""

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]


@dataclass(slots=True)
class Script:
    """What is known while reading: the transaction's state, what it made, and the constraints seen so far."""

    version: int
    assumed: bool = False
    open: bool = False
    created: set[str] = field(default_factory=set)
    added: set[tuple[str, str]] = field(default_factory=set)
    never_null: dict[tuple[str, str], str] = field(default_factory=dict)
    validated: set[tuple[str, str]] = field(default_factory=set)
    settings: set[str] = field(default_factory=set)
    statements: int = 0
    at: int = 0
    found: list[Hazard] = field(default_factory=list)

    def report(self, code: str, subject: str = "", detail: str = "") -> None:
        self.found.append(Hazard(code, self.at, subject, detail))

    def is_new(self, name: str) -> bool:
        """Whether this transaction created it: nobody else can see it, and it has no rows yet."""
        return name in self.created

    def end_transaction(self) -> None:
        self.open = False
        self.created.clear()
        self.added.clear()
