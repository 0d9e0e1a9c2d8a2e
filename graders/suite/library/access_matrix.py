"""The authorisation matrix: who may do what, read from a table in the contract's words, and walked cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graders.http.client import Answer
from graders.suite.library.response_diff import differences

MISSING = "missing"
NOT_ASKED = "-"


@dataclass(frozen=True, slots=True)
class Cell:
    """One role, one verb, one resource, and what the contract says of them.

    `expected` is a status, or "missing": exactly the answer that the same role gets for an id that does not exist.
    """

    role: str
    verb: str
    resource: str
    expected: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource} as {self.role}"


@dataclass(frozen=True, slots=True)
class Breach:
    """A cell whose answer is not the contract's: `reason` continues the sentence that the cell begins."""

    cell: Cell
    answer: Answer
    reason: str

    def __str__(self) -> str:
        return f"{self.cell}: {self.reason}"


def read_matrix(text: str) -> tuple[Cell, ...]:
    """The cells of a table whose first line names the roles and whose other lines are VERB RESOURCE and a word
    for each role: a status, several joined by `|`, `missing`, or `-` for what the contract does not say.

    Raises ValueError for a line with another number of words.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    roles, *rules = lines
    cells = []
    for verb, resource, *words in rules:
        if len(words) != len(roles):
            raise ValueError(f"{verb} {resource} has {len(words)} words for {len(roles)} roles")
        cells += [
            Cell(role, verb, resource, word)
            for role, word in zip(roles, words, strict=True)
            if word != NOT_ASKED
        ]
    return tuple(cells)


def walk(
    cells: Sequence[Cell],
    call: Callable[[Cell], Answer],
    missing: Callable[[Cell], Answer] | None = None,
    *,
    echoes: Mapping[Cell, Sequence[tuple[str, str]]] | None = None,
) -> tuple[Breach, ...]:
    """Make each cell's request by `call`, and by `missing` the same one for an id that does not exist.

    `echoes`: what the two requests of a cell may repeat, see `response_diff.differences`.
    """
    breaches = []
    for cell in cells:
        answer = call(cell)
        if cell.expected == MISSING:
            if missing is None:
                raise ValueError(f"{cell} expects the answer for a missing id, and there is no call for one")
            reason = _distinction(answer, missing(cell), (echoes or {}).get(cell, ()))
        else:
            allowed = cell.expected.split("|")
            reason = "" if str(answer.status) in allowed else _unlike(answer, allowed)
        if reason:
            breaches.append(Breach(cell, answer, reason))
    return tuple(breaches)


def _distinction(answer: Answer, other: Answer, echoes: Sequence[tuple[str, str]]) -> str:
    if answer.status < 400:
        return f"answered {answer.status}, though this is not theirs to reach"
    found = differences(answer, other, sent=echoes)
    if not found:
        return ""
    return f"the answer for what exists differs from the answer for a missing id: {'; '.join(found)}"


def _unlike(answer: Answer, allowed: Sequence[str]) -> str:
    return f"answered {answer.status}, and the contract says {' or '.join(allowed)}"
