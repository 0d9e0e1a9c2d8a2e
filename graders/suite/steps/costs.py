"""What YAML checks ask of costs: growth over sizes, and one recorded window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graders.errors import SuiteError
from graders.sql.activity.recording import Recording
from graders.suite.metering import GrowthMeter, RecordingMeter, cost
from graders.suite.steps.matching import mismatch
from graders.suite.steps.scope import Scope

_UNITS = ("statements", "rows_sent", "bytes_sent", "buffers")


def judge_growth(
    meter: GrowthMeter, asked: Mapping[str, Any], request: Callable[[int], object], *, label: str
) -> None:
    """AssertionError where the cost grows with the size."""
    meter.must_be_flat(
        str(asked["of"]),
        [int(size) for size in asked["over"]],
        request,
        tables=asked.get("tables", ()),
        label=label,
        per=str(asked.get("per", "row")),
        max_slope=float(asked.get("max_slope", 0.05)),
        slack=float(asked.get("slack", 2)),
    )


def judge_recording(
    meter: RecordingMeter, asked: Mapping[str, Any], during: Callable[[], None], scope: Scope
) -> None:
    """Perform the steps in one window and compare what PostgreSQL saw with what is asked."""
    with meter.window() as recording:
        during()
    problem = next(_problems(recording, asked, scope), None)
    assert problem is None, f"PostgreSQL saw: {problem}"


def _problems(recording: Recording, asked: Mapping[str, Any], scope: Scope) -> Iterator[str]:
    for unit in _UNITS:
        if unit in asked:
            yield from _unit(recording, unit, cost(recording, unit), asked[unit], scope)
    if "rows_read" in asked:
        limits = dict(asked["rows_read"])
        tables = limits.pop("tables", None)
        if not tables:
            raise SuiteError(
                "`rows_read` names no `tables`", hint="rows_read: {tables: [orders], at_most: 40}"
            )
        yield from _unit(recording, "rows read", cost(recording, "rows_read", tables), limits, scope)
    if "transactions" in asked:
        yield from _unit(recording, "transactions", len(recording.transactions), asked["transactions"], scope)
    for rule in asked.get("findings", {}).get("none_of", ()):
        proved = [found for found in recording.findings(rule) if found.confidence == "proved"]
        if proved:
            yield f"{proved[0].title} ({rule})"


def _unit(recording: Recording, unit: str, value: float, asked: Any, scope: Scope) -> Iterator[str]:
    limits = dict(asked) if isinstance(asked, Mapping) else asked
    if isinstance(limits, dict) and limits.pop("at_most_per", None) == "row":
        rows = max(1, recording.rows_sent)
        if value > rows:
            yield f"{value:g} {unit} for {rows} rows"
    if limits and (found := mismatch(int(value), limits, scope)) is not None:
        yield f"the number of {unit} {found}"
