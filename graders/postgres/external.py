"""A PostgreSQL that already runs, lent for one run: a throwaway database and role on it, dropped at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from graders.errors import DatabaseError
from graders.kata import Kata, World
from graders.postgres.cluster import Cluster


@contextlib.contextmanager
def connect_external(url: str, kata: Kata, world: World) -> Iterator[Cluster]:
    """A throwaway database with that world on the server at `url` (a superuser's).

    Raises DatabaseError if that server cannot be used.
    """
    if url:
        raise DatabaseError(
            f"servers that already run are not supported yet ({kata.slug}, {world.name})",
            hint="Leave --postgres out.",
        )
    yield  # type: ignore[misc]
