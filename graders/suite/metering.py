"""What a request costs: recordings as a fixture, and costs measured at several sizes and judged by their slope."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from graders.backing.postgres import PostgresAccess
from graders.logs.recorder import Recorder
from graders.logs.tail import open_log
from graders.sql.activity.growth import Growth, measure_growth
from graders.sql.activity.recording import Recording
from graders.suite.evidence import Collector
from graders.suite.measurable import must_be_measurable, must_come_from_the_database

UNITS = {
    "statements": "statements",
    "rows_sent": "rows sent to the service",
    "bytes_sent": "bytes sent to the service",
    "rows_read": "rows read by PostgreSQL",
    "buffers": "buffers touched",
}


class RecordingMeter:
    """Recordings of what PostgreSQL saw of the service. The recorder is connected at the first window.

    `on_recorded` hears of each recording with the number of requests in it; `exchanges` counts all requests so far;
    `tables` are the kata's own; `at_edges` has the grader's sessions report their statistics, and says
    how many statements they have run.
    """

    def __init__(
        self,
        postgres: PostgresAccess,
        on_recorded: Callable[[Recording, int], None],
        exchanges: Callable[[], int],
        tables: Collection[str] = (),
        at_edges: Callable[[], int] = lambda: 0,
    ) -> None:
        self._postgres = postgres
        self._on_recorded = on_recorded
        self._exchanges = exchanges
        self._tables = tables
        self._at_edges = at_edges
        self._recorder: Recorder | None = None

    @contextmanager
    def window(self, label: str = "") -> Iterator[Recording]:
        """Everything between entering and leaving the block, complete once the block has ended."""
        before = self._exchanges()
        with self._connected().window(label) as recording:
            yield recording
        self._on_recorded(recording, self._exchanges() - before)

    def begin(self, label: str = "") -> Callable[[], Recording]:
        """A window that ends when the answer is called, and that nobody else hears of: evidence of a failure."""
        return self._connected().begin(label)

    def _connected(self) -> Recorder:
        if self._recorder is None:
            self._recorder = Recorder(
                self._postgres.admin_url,
                open_log(self._postgres.log, self._postgres.admin_url),
                role=self._postgres.service_role,
                wire=self._postgres.meter(),
                tables=self._tables,
                at_edges=self._at_edges,
            )
        return self._recorder

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()


class GrowthMeter:
    """Costs of one request at several sizes.

    `disturb` commits harmless changes to the kata's tables, so that no answer is one that was kept from a warm-up.
    """

    def __init__(
        self,
        meter: RecordingMeter,
        collector: Collector,
        on_grown: Callable[[Growth], None] = lambda _: None,
        disturb: Callable[[], None] = lambda: None,
    ) -> None:
        self.disturb = disturb
        self._meter = meter
        self._collector = collector
        self._on_grown = on_grown

    def measure(
        self,
        unit: str,
        sizes: Sequence[int],
        request: Callable[[int], object],
        *,
        tables: Collection[str] = (),
        label: str = "",
        warm: bool = True,
    ) -> Growth:
        """Call `request` with each size, once to warm up and once recorded, and take `unit` of the recording.

        In between, rows of the kata's tables are changed and changed back. AssertionError where the recorded request
        asks the database nothing, or keeps its cost from being counted.

        unit: statements, rows_sent, bytes_sent, rows_read (at nodes that scan `tables`) or buffers. `label` says
        what is requested, with {size} in place of the size, e.g. "GET /orders?limit={size}".
        """
        recordings = []
        for size in sizes:
            if warm:
                request(size)
            self.disturb()
            with self._meter.window(label.format(size=size)) as recording:
                request(size)
            recordings.append(recording)
        return self.growth_of(unit, sizes, recordings, tables=tables, label=label)

    def growth_of(
        self,
        unit: str,
        sizes: Sequence[int],
        recordings: Sequence[Recording],
        *,
        tables: Collection[str] = (),
        label: str = "",
    ) -> Growth:
        """The growth of `unit` over recordings that were made already; it goes into the report's costs.

        AssertionError where one of them cannot say what its request cost.
        """
        for size, recording in zip(sizes, recordings, strict=True):
            must_be_measurable(recording, label.format(size=size))
        must_come_from_the_database(recordings, label)
        values = [cost(recording, unit, tables) for recording in recordings]
        growth = measure_growth(unit, sizes, values, recordings=recordings)
        self._collector.cost(label, growth)
        self._on_grown(growth)
        return growth

    def must_be_flat(
        self,
        unit: str,
        sizes: Sequence[int],
        request: Callable[[int], object],
        *,
        tables: Collection[str] = (),
        label: str = "",
        per: str = "row",
        max_slope: float = 0.05,
        slack: float = 2,
        warm: bool = True,
    ) -> Growth:
        """Measure, and fail the check unless the cost stays constant: a slope up to `max_slope`, or a total
        difference up to `slack`. `per` names what one unit of size is."""
        growth = self.measure(unit, sizes, request, tables=tables, label=label, warm=warm)
        if not is_flat(growth, max_slope=max_slope, slack=slack):
            self._collector.recording(growth.recordings[-1])
            raise AssertionError(growing(growth, label, per))
        return growth


def cost(recording: Recording, unit: str, tables: Collection[str] = ()) -> float:
    """The recording's cost in that unit."""
    if unit == "rows_read":
        return recording.rows_read(tables)
    if unit not in UNITS:
        raise ValueError(f"no unit {unit}; there are {', '.join(UNITS)}")
    return float(getattr(recording, unit))


def is_flat(growth: Growth, *, max_slope: float, slack: float) -> bool:
    """Whether the slope is at most `max_slope`, or the largest and the smallest value differ by at most `slack`."""
    return growth.slope <= max_slope or max(growth.values) - min(growth.values) <= slack


def growing(growth: Growth, label: str, per: str) -> str:
    """The sentence of a cost that grows, with its sizes, values and slope."""
    sizes = ", ".join(str(size) for size in growth.sizes)
    values = ", ".join(f"{value:,.0f}" for value in growth.values)
    what = label.format(size="N") if label else "the request"
    return (
        f"{what}: {values} {UNITS[growth.unit]} for {sizes} {per}s, "
        f"{growth.slope:.2f} more for each {per}. The count should stay constant."
    )
