"""`kata keys show`: a public key, for those who verify reports."""

from __future__ import annotations

from typing import Annotated

import typer

from toolkit.keys import key_named, private_key, public_text
from toolkit.place import settings_of

EXAMPLE = "kata keys show > key.pem"


def run(
    context: typer.Context,
    *,
    key: Annotated[str | None, typer.Argument(help="The start of its id (default: your only key).")] = None,
) -> int:
    """Print the public key as PEM text."""
    print(public_text(private_key(key_named(key, settings_of(context))).public_key()), end="")
    return 0
