"""Finds the statements of a script that may harm a running service, by their text alone."""

from __future__ import annotations

from collections.abc import Sequence

import pgparse  # type: ignore[import-not-found]

from graders.sql.ddl.readers import READERS, touches_existing
from graders.sql.ddl.script import Hazard, Node, Script


def find_hazards(
    statements: Sequence[str], *, in_transaction: bool = False, version: int = 18
) -> tuple[Hazard, ...]:
    """The hazards of `statements`, in order; never raises.

    `in_transaction`: the tool runs the whole script in one transaction; `version`: PostgreSQL's major version. A
    statement that does not parse is an `unparsed` hazard, never a silent pass.
    """
    script = Script(version, assumed=in_transaction, open=in_transaction, statements=len(statements))
    for script.at, text in enumerate(statements):
        for kind, node in parse(text):
            _read(script, kind, node)
    if script.open != script.assumed:
        script.report("uncommitted-transaction" if script.open else "nested-transaction")
    return tuple(script.found)


def parse(text: str) -> tuple[tuple[str, Node], ...]:
    """(node name, node) for each statement in `text`; ("unparsed", {}) where libpg_query refuses it."""
    try:
        trees = pgparse.parse(text)
    except (pgparse.PGQueryError, ValueError, RecursionError):
        return (("unparsed", {}),)
    return tuple(next(iter(tree["stmt"].items())) for tree in trees if tree.get("stmt"))


def _read(script: Script, kind: str, node: Node) -> None:
    if kind == "unparsed":
        script.report("unparsed")
        return
    if touches_existing(script, kind, node):
        for timeout in ("lock_timeout", "statement_timeout"):
            if timeout not in script.settings:
                script.settings.add(timeout)
                script.report("no-" + timeout.replace("_", "-"))
    reader = READERS.get(kind)
    if reader is not None:
        reader(script, node)
