"""The curriculum that orders the katas: skills and tracks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from graders.errors import PackError, UsageError
from graders.packs.loader import Packs
from graders.packs.records import ASSISTANTS, Assistants, Kata
from graders.packs.yaml_source import read_yaml


@dataclass(frozen=True, slots=True)
class Skill:
    """`can` completes "can …"; `katas` are the slugs that exercise it."""

    id: str
    area: str
    can: str
    katas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """A way through some katas, in order. `assistants`: what its learners' coding assistants are asked to do."""

    slug: str
    title: str
    summary: str
    katas: tuple[str, ...]
    assistants: Assistants = "tutor"


def load_skills(packs: Packs) -> tuple[Skill, ...]:
    """The skills of every pack, in the order of their files. A skill that several packs have gathers its katas."""
    skills: dict[str, Skill] = {}
    for root in packs.roots:
        path = root / "content" / "skills.yaml"
        if not path.is_file():
            continue
        top = read_yaml(path)
        top.only(("format", "areas"))
        for area in top.sections("areas", required=True):
            area.only(("id", "title", "skills"))
            for section in area.sections("skills", required=True):
                section.only(("id", "can", "katas"))
                skill = Skill(
                    section.text("id"), area.text("title"), section.text("can"), section.texts("katas")
                )
                known = skills.get(skill.id)
                katas = (*known.katas, *skill.katas) if known else skill.katas
                skills[skill.id] = Skill(skill.id, skill.area, skill.can, tuple(dict.fromkeys(katas)))
    return tuple(skills.values())


def load_tracks(packs: Packs) -> tuple[Track, ...]:
    """The tracks of every pack. Raises PackError for one that names a kata that no pack has."""
    tracks: dict[str, Track] = {}
    for root in packs.roots:
        for path in sorted((root / "content" / "tracks").glob("*.yaml")):
            track = _load_track(path, packs)
            if track.slug in tracks:
                raise PackError(f"duplicate track `{track.slug}`", path=path, hint="rename one of the two")
            tracks[track.slug] = track
    return tuple(tracks.values())


def find_track(slug: str, packs: Packs) -> Track:
    """The track of that slug. Raises UsageError, with the nearest one, where there is none."""
    tracks = {track.slug: track for track in load_tracks(packs)}
    if slug not in tracks:
        from difflib import get_close_matches

        near = get_close_matches(slug, list(tracks), n=1)
        meant = f"did you mean `{near[0]}`? " if near else ""
        raise UsageError(
            f"there is no track `{slug}`", hint=f"{meant}there are: {', '.join(tracks) or '(none)'}"
        )
    return tracks[slug]


def in_order(katas: Iterable[Kata], packs: Packs) -> list[Kata]:
    """The katas as somebody would take them: along the tracks, then the others by name.

    A track that cannot be read is passed over: naming it is for those who ask for it.
    """
    try:
        way = [slug for track in load_tracks(packs) for slug in track.katas]
    except PackError:
        way = []
    return sorted(katas, key=lambda kata: (way.index(kata.slug) if kata.slug in way else len(way), kata.slug))


def _load_track(path: Path, packs: Packs) -> Track:
    top = read_yaml(path)
    top.only(("format", "slug", "title", "summary", "katas", "assistants"))
    katas = top.texts("katas", required=True)
    for slug in katas:
        if slug not in packs.slugs():
            top.fail(
                "katas",
                f"`{slug}` is not a kata of these packs",
                "correct its name, or name the pack that has it",
            )
    policies: dict[str, Assistants] = {policy: policy for policy in ASSISTANTS}
    assistants = policies[top.choice("assistants", ASSISTANTS, "tutor")]
    return Track(top.text("slug"), top.text("title"), top.text("summary"), katas, assistants)


def assistants_for(kata: Kata, packs: Packs) -> Assistants:
    """What the first track that has the kata asks of coding assistants; `tutor` where there is none."""
    try:
        tracks = load_tracks(packs)
    except PackError:
        tracks = ()
    return next((track.assistants for track in tracks if kata.slug in track.katas), "tutor")
