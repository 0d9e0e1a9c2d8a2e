"""The way through the katas: which one comes after which."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graders.packs.curriculum import Track, in_order, load_tracks
from graders.packs.loader import Packs
from graders.packs.records import Kata


def next_kata(
    packs: Packs, solved: Collection[str], after: str | None = None
) -> tuple[Kata, Track | None] | None:
    """The first kata that is not solved: of those behind `after` in its track, of any track, of all katas.

    The track that it was found in comes with it. None where every kata is solved.
    """
    tracks = load_tracks(packs)
    for track in sorted(tracks, key=lambda track: after not in track.katas):
        for slug in _from_here(track.katas, after):
            if slug not in solved and slug != after:
                return packs.kata(slug), track
    left = [kata for kata in in_order(packs.katas(), packs) if kata.slug not in solved and kata.slug != after]
    return (left[0], None) if left else None


def _from_here(slugs: Sequence[str], after: str | None) -> Sequence[str]:
    place = slugs.index(after) + 1 if after in slugs else 0
    return [*slugs[place:], *slugs[:place]]
