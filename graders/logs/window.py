"""The log of one window of a graded run, assembled into statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import repeat

from graders.logs.assembly import Assembler
from graders.logs.counts import Unattributed
from graders.logs.csvlog import read_csvlog
from graders.logs.jsonlog import read_jsonlog
from graders.logs.row import Row
from graders.logs.source import LogInput, Notebook
from graders.sql.statement import Statement


@dataclass(frozen=True, slots=True)
class AssembledWindow:
    """The statements in the order in which they began, nested ones at the place where they ended."""

    statements: tuple[Statement, ...]
    unattributed: Unattributed


def read_rows(data: bytes, form: str = "json") -> Iterator[Row]:
    """The rows of a log in that form ("json" or "csv"), given from a line's beginning on; a last line that is cut off
    is left out."""
    source, notebook = LogInput("window", BytesIO(data), None), Notebook()
    read = read_csvlog(source, notebook, whole=True) if form == "csv" else read_jsonlog(source, notebook)
    return (row for _, row in read)


def assemble_window(rows: Iterable[Row], *, in_transaction: Collection[str] | None = None) -> AssembledWindow:
    """The statements of a window that PostgreSQL recorded with `log_statement = all`.

    A plan without a statement that belongs to a transaction from before the window is counted, not taken for a
    statement. `in_transaction`: sessions that were in one when the window opened; None where that is not known.
    """
    assembler = Assembler(Notebook(), complete=True, in_transaction=in_transaction)
    found = [*assembler.assemble("", zip(repeat(0), rows, strict=False)), *assembler.finish()]
    found.sort(key=lambda statement: statement.order)
    return AssembledWindow(tuple(found), assembler.unattributed)
