"""`kata keys list`: the ids of your keys."""

from __future__ import annotations

import typer

from toolkit.keys import stored_keys
from toolkit.place import settings_of

EXAMPLE = "kata keys list"


def run(context: typer.Context) -> int:
    """Print the id of each of your keys, and its file."""
    for key in stored_keys(settings_of(context)):
        print(f"{key.id}  {key.path}")
    return 0
