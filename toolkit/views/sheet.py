"""A grade as lines while it is being made: each result once, in the order in which they come."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from graders.results.grade import Stop
from graders.results.verdicts import CheckResult
from toolkit.text import escape, wrap
from toolkit.views.failure import failure_lines, has_details
from toolkit.views.overview import Cause, cause_of, check_lines, columns_of, folded_lines
from toolkit.views.paint import Paint
from toolkit.views.printed import printed_lines
from toolkit.views.prose import INDENT, pointed

_OUTPUT_LINES = 20


class Sheet:
    """Turns results into lines: the first failure whole, the others one line each, with `everything` all whole.

    What fails at the same request as an earlier check, or is skipped, waits for `rest`, which folds it.
    `titles`: those of the checks that run; `hints`: the checks that still have a hint to give.
    """

    def __init__(
        self,
        titles: Mapping[str, str],
        paint: Paint,
        *,
        everything: bool = False,
        verbose: bool = False,
        hints: Collection[str] = (),
    ) -> None:
        self._paint = paint
        self._columns = columns_of(titles, paint)
        self._everything = everything
        self._verbose = verbose
        self._hints = hints
        self._seen: set[str] = set()
        self._messages: set[str] = set()
        self._causes: set[Cause] = set()
        self._folded: dict[object, list[CheckResult]] = {}
        self._left_out = 0
        self._last: Literal["", "line", "block"] = ""

    @property
    def left_out(self) -> int:
        """How many failures were shown without their details."""
        return self._left_out

    def add(self, check: CheckResult) -> list[str]:
        """The lines of a result, empty where it waits."""
        self._seen.add(check.id)
        key = self._folds_under(check)
        detailed = check.verdict == "failed" and has_details(check)
        if key is None and detailed and (self._everything or not self._messages):
            return self._block(self._whole(check))
        self._left_out += detailed
        if key is not None:
            self._folded.setdefault(key, []).append(check)
            return []
        return self._line(check_lines(check, self._columns, self._paint))

    def rest(self, checks: Sequence[CheckResult], stop: Stop | None) -> list[str]:
        """Why the run stopped early, the checks that were not added yet, and what was folded."""
        lines: list[str] = []
        if stop is not None:
            lines += self._block(stop_lines(stop, self._paint, said=stop.message in self._messages))
        for check in checks:
            if check.id not in self._seen:
                lines += self.add(check)
        for folded in self._folded.values():
            all_of_them = len(folded) == len(checks)
            lines += self._line(folded_lines(folded, self._columns, self._paint, named=not all_of_them))
        return lines

    def _folds_under(self, check: CheckResult) -> object | None:
        if check.verdict == "skipped":
            return ("skipped", check.blocked_by)
        cause = cause_of(check) if check.verdict == "failed" and not self._everything else None
        if cause is None:
            return None
        if cause in self._causes:
            return cause
        self._causes.add(cause)
        return None

    def _whole(self, check: CheckResult) -> list[str]:
        self._messages.add(check.message)
        return failure_lines(check, self._paint, verbose=self._verbose, hint_left=check.id in self._hints)

    def _block(self, lines: list[str]) -> list[str]:
        """Lines with an empty one before them, and before what follows."""
        if not lines:
            return []
        before = [""] if self._last else []
        self._last = "block"
        return [*before, *lines]

    def _line(self, lines: list[str]) -> list[str]:
        before = [""] if self._last == "block" else []
        self._last = "line"
        return [*before, *lines]


def stop_lines(stop: Stop, paint: Paint, *, said: bool = False) -> list[str]:
    """Why a service could not be judged, and what it printed last; without the reason where that was `said`."""
    lines: list[str] = []
    if not said:
        sign = paint(paint.sign("failed"), "red", "bold")
        first, *more = wrap(escape(stop.message, keep_newlines=True), paint.width - 4)
        lines = [f"  {sign} {paint(first, 'bold')}", *(INDENT + paint(line, "bold") for line in more)]
    if stop.hint:
        lines += [INDENT + line for line in pointed(stop.hint, paint, paint.width - 4)]
    return [*lines, *_output(stop, paint)]


def output_title(stop: Stop) -> str:
    """What a stop's output is the output of."""
    return (
        "What the installer printed" if stop.code == "dependencies-refused" else "Last output of the service"
    )


def _output(stop: Stop, paint: Paint) -> list[str]:
    output = stop.output.strip("\n").splitlines()
    if not output:
        return []
    lines = ["", INDENT + paint(output_title(stop), "bold")]
    if len(output) > _OUTPUT_LINES:
        lines.append(INDENT + paint(f"... {len(output) - _OUTPUT_LINES} lines before", "dim"))
    return lines + printed_lines(output[-_OUTPUT_LINES:], paint, indent=INDENT)
