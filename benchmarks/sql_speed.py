"""How many statements a second are recognised, and what a million of them leave in memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator

from sql_figures import Figure

from graders.sql.text.fingerprint import Shapes

MANY = 1_000_000
KINDS = 200
NEW = 6_000


def measure_speed() -> list[Figure]:
    """CPU time of this process, on one core."""
    bound, _ = _rate(_bound())
    inlined, grown = _rate(_inlined())
    cold, _ = _rate(_new())
    return [
        Figure(
            "statements/s, 1,000,000 bound, 200 shapes",
            f"{bound:,.0f}",
            ">= 100,000",
            bound >= 100_000,
            "180,000",
        ),
        Figure(
            "statements/s, 996,000 distinct texts",
            f"{inlined:,.0f}",
            ">= 100,000",
            inlined >= 100_000,
            "59,000",
        ),
        # sqlglot's compiled build gives twice as many, and no log has so many shapes that it would be noticed.
        Figure("new shapes/s", f"{cold:,.0f}", ">= 1,000", cold >= 1_000, ""),
        Figure("memory that a million texts leave", f"{grown:.0f} MB", "flat (<= 64 MB)", grown <= 64, ""),
    ]


def _rate(texts: Iterator[str]) -> tuple[float, float]:
    """Statements a second, and MB by which the peak of resident memory rose."""
    shapes, count, spent = Shapes(), 0, 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for batch in _batches(texts):
        start = time.process_time()
        for text in batch:
            shapes.of(text)
        spent += time.process_time() - start
        count += len(batch)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return count / spent, (after - before) / 1024


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == 10_000:
            yield batch
            batch = []
    if batch:
        yield batch


def _bound() -> Iterator[str]:
    for number in range(MANY):
        kind = number % KINDS
        yield f"SELECT o.id, c.name FROM orders_{kind} o JOIN customer c ON c.id = o.customer_id WHERE o.id = $1"


def _inlined() -> Iterator[str]:
    for number in range(MANY):
        kind = number % KINDS
        value = number if number % 250 else 7
        yield (
            f'SELECT "o"."id", "o"."total", "o"."note" FROM "orders_{kind}" "o" WHERE "o"."id" > {value} '
            f'AND "o"."note" = \'it\'\'s {value}\' AND "o"."customer_id" IN ({value}, {value + 1}, 9) '
            f'ORDER BY "o"."id" LIMIT 10'
        )


def _new() -> Iterator[str]:
    for number in range(NEW):
        yield (
            f"SELECT a.id, a.name_{number}, b.total FROM a_{number} a JOIN b_{number} b ON b.a_id = a.id "
            f"WHERE a.id = $1 AND b.kind IN ($2, $3) ORDER BY b.total DESC LIMIT 10"
        )
