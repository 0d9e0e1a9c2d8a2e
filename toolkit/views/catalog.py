"""The katas there are, and one of them, as a learner reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graders.packs.records import Check, Kata
from toolkit.text import escape, pad, wrap
from toolkit.views.paint import Paint

_NO_PROOFS: Mapping[str, object] = {}


def render_list(
    katas: Sequence[Kata],
    best: Mapping[str, tuple[int, int]],
    paint: Paint,
    *,
    heading: str = "",
    proofs: Mapping[str, object] = _NO_PROOFS,
) -> str:
    """Two lines a kata: its name, level, time, best result and title; then its summary, and its proof where that is
    among `proofs` (by slug). The next is the first of them that is not solved yet."""
    if not katas:
        return "No kata here matches.\n\n" + paint("  kata list  shows all of them", "dim")
    columns = max(len(kata.slug) for kata in katas)
    lines = [
        line
        for kata in katas
        for line in _entry(kata, best.get(kata.slug), columns, paint, str(proofs.get(kata.slug, "")))
    ]
    if heading:
        lines = [*(paint(line, "bold") for line in wrap(escape(heading), paint.width)), "", *lines]
    left = [kata.slug for kata in katas if best.get(kata.slug, (0, 0))[0] < kata.points]
    if not left:
        return "\n".join([*lines, f"{paint('All of them solved.', 'green')}"])
    return "\n".join([*lines, f"{paint('Next', 'bold')}  {paint(f'kata start {left[0]}', 'cyan')}"])


def _entry(kata: Kata, best: tuple[int, int] | None, columns: int, paint: Paint, proof: str) -> list[str]:
    done = best is not None and best[0] >= kata.points
    mark = paint(paint.sign("passed"), "green", "bold") if done else " "
    result = f"{best[0]}/{kata.points}" if best else paint.sign("dash")
    facts = f"{kata.level:<8}  {kata.minutes:>3} min  {result:>7}"
    before = columns + len(facts) + 6
    first, *rest = wrap(escape(kata.title), max(20, paint.width - before))
    lines = [
        f"{mark} {paint(pad(kata.slug, columns), 'bold')}  {paint(facts, 'green' if done else 'dim')}  {first}"
    ]
    lines += [" " * before + line for line in rest]
    lines += [paint(f"    {line}", "dim") for line in wrap(escape(kata.summary), paint.width - 4)]
    if proof:
        lines.append(f"    {proof}")
    return [*lines, ""]


def render_kata(kata: Kata, best: tuple[int, int] | None, paint: Paint, *, started: bool = False) -> str:
    """One kata: what it is about, what it trains, its checks and the next command. `started`: in its repository."""
    dot = f" {paint.sign('dot')} "
    facts = dot.join(
        (kata.level, f"about {kata.minutes} minutes", ", ".join(kata.stacks) or "no starter yet")
    )
    lines = [f"{paint(kata.slug, 'bold')}  {escape(kata.title)}", paint(facts, "dim"), ""]
    lines += [f"  {line}" for line in wrap(escape(kata.summary), paint.width - 2)]
    lines += ["", f"  {paint('You practise', 'bold')}  {', '.join(kata.skills)}"]
    if best:
        lines.append(f"  {paint('Your best', 'bold')}     {best[0]} of {kata.points}")
    lines += ["", f"  {paint('Checks', 'bold')}  {paint(_legend(kata), 'dim')}"]
    columns = max(len(check.id) for check in kata.checks)
    lines += [line for check in kata.checks for line in _check(check, columns, paint)]
    following = "kata test" if started else f"kata start {kata.slug}"
    return "\n".join([*lines, "", f"  {paint('Next', 'bold')}  {paint(following, 'cyan')}"])


def _legend(kata: Kata) -> str:
    opened = sum(check.visibility == "open" for check in kata.checks)
    return f"{opened} open (you can read them in checks/), {len(kata.checks) - opened} sealed"


def _check(check: Check, columns: int, paint: Paint) -> list[str]:
    seal = "open  " if check.visibility == "open" else "sealed"
    first, *rest = wrap(escape(check.title), paint.width - columns - 20)
    lines = [f"  {check.points:>5}  {paint(seal, 'dim')}  {pad(check.id, columns)}  {paint(first, 'dim')}"]
    return lines + [" " * (columns + 19) + paint(line, "dim") for line in rest]
