"""`kata keys new`: a key to sign reports with."""

from __future__ import annotations

import typer

from toolkit.keys import new_key
from toolkit.place import settings_of

EXAMPLE = "kata keys new"


def run(context: typer.Context) -> int:
    """Make a key for signing reports; its private half stays in the config directory, for this user alone."""
    made = new_key(settings_of(context))
    print(f"{made.id}\nThe private key is {made.path}; keep it to yourself.")
    print("`kata keys show` prints the public key, for those who verify your reports.")
    return 0
