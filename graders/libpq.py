"""The one way to a PostgreSQL session: by its URL alone, with nothing of the caller's PG* variables."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

# PGHOSTADDR, PGSERVICE, PGOPTIONS, PGSSLMODE, PGTZ and the like: libpq reads them in every process that connects.
_CALLERS = re.compile(r"PG[A-Z]+")


def forget_callers_settings() -> None:
    """Remove the PG* variables from this process's environment.

    An empty value in a URL does not switch each of them off (PGSERVICE stays in effect), so that they have to go.
    """
    for name in [name for name in os.environ if _CALLERS.fullmatch(name)]:
        del os.environ[name]


def connect(url: str, **options: Any) -> psycopg.Connection[Any]:
    """A session on the server that `url` names; `options` as for psycopg.connect. Raises psycopg.Error."""
    import psycopg

    forget_callers_settings()
    return psycopg.connect(url, **options)
