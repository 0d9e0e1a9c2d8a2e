"""Attempts over time, as a learner reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from toolkit.progress import Attempt
from toolkit.text import escape, width
from toolkit.views.paint import Paint

_SHOWN = 10


def changes(
    before: Mapping[str, tuple[str, int]], after: Mapping[str, tuple[str, int]]
) -> list[tuple[int, str]]:
    """The checks whose points differ, (points won or lost, check id), in the order of `after`.

    Checks that one of the two did not run, or that were broken in one, say nothing.
    """
    both = [id for id in after if id in before and "broken" not in (before[id][0], after[id][0])]
    moved = [(after[id][1] - before[id][1], id) for id in both]
    return [(points, id) for points, id in moved if points]


def render_changes(moved: Sequence[tuple[int, str]], paint: Paint, *, said: str, columns: int) -> str:
    """`+10 orders-cost-is-flat  -5 answers-are-fresh` after what was `said` on the line (so many columns wide), and
    below each other where the line ends; `said` alone when nothing moved."""
    lines, room = [said], paint.width - columns
    for points, id in moved:
        points_and_id = f"{points:+d} {id}"
        if room < width(points_and_id) + 2 and lines[-1].strip():
            lines.append(" " * columns)
            room = paint.width - columns
        lines[-1] += f"  {paint(f'{points:+d}', 'green' if points > 0 else 'red', 'bold')} {id}"
        room -= width(points_and_id) + 2
    return "\n".join(line.rstrip() for line in lines)


def render_attempts(
    kata: str,
    attempts: Sequence[Attempt],
    hints: Mapping[str, int],
    gave_up: datetime | None,
    paint: Paint,
    *,
    elsewhere: int = 0,
    stage: str = "",
) -> str:
    """One kata: the last attempts of each repository, each with what it changed, the best, the help that was taken.

    `elsewhere`: attempts in other repositories than those of `attempts`; `stage`: the one that the repository has
    reached, in words.
    """
    if not attempts:
        lines = [f"No attempt of {kata} yet.", "", paint("  kata test  in its repository makes one", "dim")]
        return "\n".join([*lines, *_elsewhere(kata, elsewhere, paint)])
    lines = [f"{paint(kata, 'bold')}  {_count(len(attempts), 'attempt')}"]
    for place, own in _by_repository(attempts).items():
        lines += [f"  {escape(str(place))}", *_rows(own, paint)]
    counted = [attempt for attempt in attempts if attempt.counts]
    if counted:
        best = max(counted, key=lambda attempt: attempt.score)
        lines += ["", f"  {paint('Best', 'bold')}   {best.score} of {best.max}, {_when(best.at)}"]
    if stage:
        lines += [*([] if counted else [""]), f"  {paint('Stage', 'bold')}  {escape(stage)}"]
    taken = ", ".join(f"{count} for {check}" for check, count in hints.items())
    lines.append(f"  {paint('Hints', 'bold')}  {taken or 'none taken'}")
    if gave_up is not None:
        lines.append(f"  {paint('Solution', 'bold')}  looked at before it was solved, {_when(gave_up)}")
    return "\n".join([*lines, *_elsewhere(kata, elsewhere, paint)])


def _elsewhere(kata: str, number: int, paint: Paint) -> list[str]:
    if not number:
        return []
    return ["", paint(f"  {_count(number, 'attempt')} in other repositories: kata status {kata}", "dim")]


def _by_repository(attempts: Sequence[Attempt]) -> dict[Path, list[Attempt]]:
    found: dict[Path, list[Attempt]] = {}
    for attempt in attempts:
        found.setdefault(attempt.repository, []).append(attempt)
    return found


def _rows(attempts: Sequence[Attempt], paint: Paint) -> list[str]:
    lines = []
    if len(attempts) > _SHOWN:
        lines.append(paint(f"    ... {len(attempts) - _SHOWN} before", "dim"))
    first = max(0, len(attempts) - _SHOWN)
    for index in range(first, len(attempts)):
        attempt = attempts[index]
        previous = _comparable(attempts[:index], attempt)
        moved = changes(previous.verdicts, attempt.verdicts) if previous else []
        score = f"{attempt.score:>3}/{attempt.max}"
        mark = (
            ""
            if attempt.counts
            else "  only some checks"
            if attempt.valid
            else "  invalid: the grader failed"
        )
        when = _when(attempt.at)
        line = f"    {paint(when, 'dim')}  {paint(score, 'bold')}{paint(mark, 'yellow') if mark else ''}"
        columns = width(f"    {when}  {score}{mark}")
        lines.append(render_changes(moved, paint, said=line, columns=columns))
    return lines


def _comparable(earlier: Sequence[Attempt], attempt: Attempt) -> Attempt | None:
    same = [one for one in earlier if one.counts and one.repository == attempt.repository]
    return same[-1] if same else None


def render_overview(attempts: Sequence[Attempt], started: Mapping[Path, str], paint: Paint) -> str:
    """All katas that were tried or `started` (repository -> kata), a line each; a line for each of several
    repositories."""
    slugs = list(dict.fromkeys([*(attempt.kata for attempt in attempts), *started.values()]))
    if not slugs:
        return "No attempt yet.\n\n" + paint("  kata list  shows the katas", "dim")
    columns = max(map(len, slugs))
    lines = []
    for slug in slugs:
        own = [attempt for attempt in attempts if attempt.kata == slug]
        done = any(_complete(attempt) for attempt in own)
        mark = paint(paint.sign("passed"), "green", "bold") if done else " "
        lines.append(f"{mark} {paint(slug.ljust(columns), 'bold')}  {_summary(own, paint)}")
        places = _by_repository(own)
        places |= {place: [] for place, kata in started.items() if kata == slug and place not in places}
        if len(places) > 1:
            lines += [f"    {escape(str(place))}  {_summary(some, paint)}" for place, some in places.items()]
    return "\n".join(lines)


def _summary(attempts: Sequence[Attempt], paint: Paint) -> str:
    if not attempts:
        return paint("started, no attempt yet", "dim")
    best = max((attempt.score for attempt in attempts if attempt.counts), default=0)
    points = max(attempt.max for attempt in attempts)
    last = paint(f"{_count(len(attempts), 'attempt')}, last {_when(attempts[-1].at)}", "dim")
    return f"{best:>3} of {points}  {last}"


def _complete(attempt: Attempt) -> bool:
    return attempt.counts and attempt.score == attempt.max


def _when(timestamp: datetime) -> str:
    return timestamp.astimezone().strftime("%Y-%m-%d %H:%M")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
