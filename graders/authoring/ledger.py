"""The proof of a kata as a file: `proof.json`, which verdicts each known solution got, and what they depended on.

One row a line, sorted, so that reviews and merges read well. A row holds for as long as the digest of what was judged
is the same; the grader that judged is named, since a later one may judge otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graders.authoring.matrix import Matrix, Row
from graders.errors import PackError
from graders.packs.records import Kata
from graders.results.codec import from_plain

FORMAT = 1
NAME = "proof.json"
RowState = Literal["proved", "other-grader", "changed", "contradicted", "never", "removed"]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One solution (or starter) as it was judged.

    `digest`, `grader`: SHA-256 of what was judged and of the code that judged; `verdicts`: check id -> verdict, only
    what is not `passed`; `repetitions`: runs that agreed; `load`: with every core kept busy; `date`: ISO 8601.
    """

    name: str
    kind: str
    stack: str
    digest: str
    grader: str
    verdicts: Mapping[str, str]
    repetitions: int
    load: bool
    seed: int
    date: str
    toolkit: str
    postgres: str
    machine: str

    def verdict(self, check: str) -> str:
        return self.verdicts.get(check, "passed")

    @property
    def failed(self) -> frozenset[str]:
        """The ids of the checks that it failed."""
        return frozenset(id for id, verdict in self.verdicts.items() if verdict == "failed")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The rows of one kata by name, and the ids of its checks when they were recorded."""

    kata: str
    checks: tuple[str, ...]
    rows: Mapping[str, LedgerRow]

    def with_rows(self, rows: Iterable[LedgerRow], checks: tuple[str, ...], known: Iterable[str]) -> Ledger:
        """This ledger with `rows` in place of older ones of the same names, less what is not `known` any more."""
        merged = {**self.rows, **{row.name: row for row in rows}}
        kept = set(known)
        return Ledger(self.kata, checks, {name: merged[name] for name in sorted(merged) if name in kept})


def ledger_of(kata: Kata) -> Ledger:
    """The kata's ledger; empty where there is none. Raises PackError for a file that cannot be read as one."""
    path = kata.folder / NAME
    if not path.is_file():
        return Ledger(kata.slug, (), {})
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r}")
        rows = from_plain(document["rows"], list[LedgerRow])
        return Ledger(str(document["kata"]), tuple(document["checks"]), {row.name: row for row in rows})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PackError(
            f"cannot be read as a proof: {error}",
            path=path,
            hint=f"remove it and run `kata author check {kata.slug} --record`",
        ) from None


def render_ledger(ledger: Ledger) -> str:
    """The file's text: JSON, one row a line, sorted by name."""
    head = {"format": FORMAT, "kata": ledger.kata, "checks": list(ledger.checks)}
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    rows = ",\n".join(f"  {json.dumps(_plain(ledger.rows[name]))}" for name in sorted(ledger.rows))
    return "\n".join(["{", *lines, ' "rows": [', rows, " ]", "}", ""])


def _plain(row: LedgerRow) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in LedgerRow.__slots__}
    return {**plain, "verdicts": dict(sorted(row.verdicts.items()))}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Under what a proof was made, the same for all its rows."""

    grader: str
    load: bool
    seed: int
    date: str
    toolkit: str
    postgres: str
    machine: str


def rows_from(matrix: Matrix, digests: Mapping[str, str], made: Circumstances) -> tuple[LedgerRow, ...]:
    """The ledger's rows of a proved matrix. `digests`: by the candidate's name, taken before the runs."""
    return tuple(_row(row, matrix.kata, digests[row.candidate.name], made) for row in matrix.rows)


def _row(row: Row, kata: Kata, digest: str, made: Circumstances) -> LedgerRow:
    verdicts = {check.id: row.verdict(check.id) for check in kata.checks}
    return LedgerRow(
        name=row.candidate.name,
        kind=row.candidate.kind,
        stack=row.candidate.stack,
        digest=digest,
        grader=made.grader,
        verdicts={id: verdict for id, verdict in verdicts.items() if verdict != "passed"},
        repetitions=len(row.runs),
        load=made.load,
        seed=made.seed,
        date=made.date,
        toolkit=made.toolkit,
        postgres=made.postgres,
        machine=made.machine,
    )


def row_states(
    ledger: Ledger, digests: Mapping[str, str], grader: str, claims: Mapping[str, Collection[str]]
) -> dict[str, RowState]:
    """How each candidate of the kata (and each row without one) compares with the ledger.

    `claims`: by the candidate's name, ids of the checks that it must fail, exactly.
    """
    found: dict[str, RowState] = {name: "removed" for name in ledger.rows if name not in digests}
    for name, digest in digests.items():
        row = ledger.rows.get(name)
        found[name] = "never" if row is None else _state_of(row, digest, grader, claims[name])
    return found


def _state_of(row: LedgerRow, digest: str, grader: str, claim: Collection[str]) -> RowState:
    if row.digest != digest:
        return "changed"
    # What a solution claims is not judged, so it can change while the digest stays.
    if row.failed != set(claim):
        return "contradicted"
    return "proved" if row.grader == grader else "other-grader"
