"""Which migrations of a history are judged: all, or the newest ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from graders.errors import UsageError
from graders.migrations.records import Migration


def unwatched(migrations: Sequence[Migration], *, since: str | None = None, newest: int | None = None) -> int:
    """How many of the first are only run, for the sake of the others.

    `since` names the first that is judged, by its name, its file, or the beginning of one name only; `newest`: how many
    are judged. Raises UsageError where `since` names none or several.
    """
    first = 0 if since is None else _place(migrations, since)
    return max(first, 0 if newest is None else len(migrations) - newest)


def _place(migrations: Sequence[Migration], wanted: str) -> int:
    names = [_names(one) for one in migrations]
    for match in (_is_named, _begins):
        places = [place for place, known in enumerate(names) if match(known, wanted)]
        if len(places) == 1:
            return places[0]
        if places:
            several = ", ".join(migrations[place].name for place in places[:3])
            raise UsageError(
                f"--since {wanted}: several migrations are named so: {several}", hint="name one whole"
            )
    last = migrations[-1].name if migrations else "none"
    raise UsageError(f"--since {wanted}: no migration has this name", hint=f"the newest is {last}")


def _names(one: Migration) -> tuple[str, ...]:
    file = PurePath(one.up[0].file if one.up else one.name)
    return (one.name, str(file), file.name, file.parent.name)


def _is_named(known: tuple[str, ...], wanted: str) -> bool:
    return wanted.rstrip("/") in known or str(PurePath(wanted)) in known


def _begins(known: tuple[str, ...], wanted: str) -> bool:
    return known[0].startswith(wanted)
