"""What a learner can do by now: skills by area, with the katas behind each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graders.packs.curriculum import Skill
from toolkit.text import escape, pad, wrap
from toolkit.views.paint import Paint


def render_skills(
    skills: Sequence[Skill], best: Mapping[str, tuple[int, int]], known: Sequence[str], paint: Paint
) -> str:
    """One block an area; a skill counts as trained when every kata of it (among `known` slugs) has full points."""
    shown = [skill for skill in skills if any(slug in known for slug in skill.katas)]
    columns = max((len(skill.id) for skill in shown), default=0)
    lines: list[str] = []
    for area in dict.fromkeys(skill.area for skill in shown):
        lines += ["", paint(area, "bold")]
        for skill in (skill for skill in shown if skill.area == area):
            lines += _entry(skill, best, known, columns, paint)
    done = sum(_points(skill, best, known) == 1.0 for skill in shown)
    later = len(skills) - len(shown)
    lines += ["", f"{done} of {len(shown)} skills trained" + (f", {later} more to come" if later else "")]
    return "\n".join(lines[1:])


def skills_document(
    skills: Sequence[Skill], best: Mapping[str, tuple[int, int]], known: Sequence[str]
) -> list[dict[str, Any]]:
    """The same as plain values; `share` runs from 0 to 1."""
    return [
        {
            "skill": skill.id,
            "area": skill.area,
            "can": skill.can,
            "katas": [slug for slug in skill.katas if slug in known],
            "share": _points(skill, best, known),
        }
        for skill in skills
    ]


def _entry(
    skill: Skill, best: Mapping[str, tuple[int, int]], known: Sequence[str], columns: int, paint: Paint
) -> list[str]:
    share = _points(skill, best, known)
    mark = paint(paint.sign("passed"), "green", "bold") if share == 1.0 else " "
    katas = ", ".join(slug for slug in skill.katas if slug in known)
    first, *rest = wrap(escape(f"can {skill.can}"), max(20, paint.width - columns - 12))
    line = f"{mark} {pad(skill.id, columns)}  {share:>4.0%}  {first}"
    indent = " " * (columns + 10)
    return [line, *(indent + more for more in rest), paint(f"{indent}{katas}", "dim")]


def _points(skill: Skill, best: Mapping[str, tuple[int, int]], known: Sequence[str]) -> float:
    katas = [slug for slug in skill.katas if slug in known]
    won = sum(best[slug][0] / best[slug][1] for slug in katas if slug in best and best[slug][1])
    return round(won / len(katas), 4) if katas else 0.0
