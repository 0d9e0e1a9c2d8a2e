"""Attempts over time, as a learner reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from toolkit.progress import Attempt
from toolkit.text import width
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
    kata: str, attempts: Sequence[Attempt], hints: Mapping[str, int], gave_up: datetime | None, paint: Paint
) -> str:
    """One kata: the last attempts, each with what it changed, the best, the help that was taken."""
    if not attempts:
        return f"No attempt of {kata} yet.\n\n" + paint("  kata test  in its repository makes one", "dim")
    lines = [f"{paint(kata, 'bold')}  {_count(len(attempts), 'attempt')}"]
    lines += _rows(attempts, paint)
    counted = [attempt for attempt in attempts if attempt.counts]
    if counted:
        best = max(counted, key=lambda attempt: attempt.score)
        lines += ["", f"  {paint('Best', 'bold')}   {best.score} of {best.max}, {_when(best.at)}"]
    taken = ", ".join(f"{count} for {check}" for check, count in hints.items())
    lines.append(f"  {paint('Hints', 'bold')}  {taken or 'none taken'}")
    if gave_up is not None:
        lines.append(f"  {paint('Solution', 'bold')}  looked at before it was solved, {_when(gave_up)}")
    return "\n".join(lines)


def _rows(attempts: Sequence[Attempt], paint: Paint) -> list[str]:
    lines = []
    if len(attempts) > _SHOWN:
        lines.append(paint(f"  ... {len(attempts) - _SHOWN} before", "dim"))
    first = max(0, len(attempts) - _SHOWN)
    for index in range(first, len(attempts)):
        attempt = attempts[index]
        previous = _comparable(attempts[:index], attempt)
        moved = changes(previous.verdicts, attempt.verdicts) if previous else []
        score = f"{attempt.score:>3}/{attempt.max}"
        mark = "" if attempt.counts else "  only some checks" if attempt.valid else "  invalid: ours"
        when = _when(attempt.at)
        line = f"  {paint(when, 'dim')}  {paint(score, 'bold')}{paint(mark, 'yellow') if mark else ''}"
        columns = width(f"  {when}  {score}{mark}")
        lines.append(render_changes(moved, paint, said=line, columns=columns))
    return lines


def _comparable(earlier: Sequence[Attempt], attempt: Attempt) -> Attempt | None:
    same = [one for one in earlier if one.valid and one.repository == attempt.repository and not one.partial]
    return same[-1] if same else None


def render_overview(attempts: Sequence[Attempt], paint: Paint) -> str:
    """All katas that were tried, one line each."""
    if not attempts:
        return "No attempt yet.\n\n" + paint("  kata list  shows what there is", "dim")
    slugs = list(dict.fromkeys(attempt.kata for attempt in attempts))
    columns = max(map(len, slugs))
    lines = []
    for slug in slugs:
        own = [attempt for attempt in attempts if attempt.kata == slug]
        best = max((attempt.score for attempt in own if attempt.counts), default=0)
        done = (
            paint(paint.sign("passed"), "green", "bold")
            if any(_complete(attempt) for attempt in own)
            else " "
        )
        last = paint(f"{_count(len(own), 'attempt')}, last {_when(own[-1].at)}", "dim")
        points = max(attempt.max for attempt in own)
        lines.append(f"{done} {paint(slug.ljust(columns), 'bold')}  {best:>3} of {points}  {last}")
    return "\n".join(lines)


def _complete(attempt: Attempt) -> bool:
    return attempt.counts and attempt.score == attempt.max


def _when(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
