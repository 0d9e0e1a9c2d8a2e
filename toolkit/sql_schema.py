"""The schema that `kata sql` is given, and the rules that cannot speak without one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graders.errors import UsageError
from toolkit.text import escape

if TYPE_CHECKING:
    from graders.sql.catalog import Catalog
    from toolkit.settings import Settings

_URLS = ("postgres://", "postgresql://")
_SHOWN = 5
_SAID = {
    "schema": (
        "needs the schema, and none was given",
        "add --schema FILE|URL (pg_dump --schema-only, or a database)",
    ),
    "tenant": ("needs the schema and the tenant's column", "add --schema FILE|URL and --tenant COLUMN"),
    "run": (
        "cannot be decided from a log: it needs a graded run",
        "kata test reports it; leave --rule out here",
    ),
}


def check_needs(rules: Sequence[str], *, schema: bool, tenant: bool) -> None:
    """Raises UsageError for a rule that does not exist, or that could find nothing with what was given."""
    from graders.logs.needs import NEEDS
    from graders.sql.engine import RULES
    from toolkit.finding_pages import nearest

    if tenant and not schema:
        raise UsageError("--tenant needs --schema", hint="the schema says which tables have that column")
    for rule in rules:
        if rule not in RULES:
            raise UsageError(f"there is no rule `{rule}`", hint=nearest(rule, list(RULES)))
        need = NEEDS.get(rule)
        if need is not None and not {"schema": schema, "tenant": tenant, "run": False}[need]:
            said, hint = _SAID[need]
            raise UsageError(f"--rule {rule}: it {said}", hint=hint)


def read_schema(given: Sequence[str], settings: Settings) -> Catalog:
    """The catalog of SQL files, or of one running database. Raises UsageError, DatabaseError."""
    from graders.backing.postgres import find_binaries, reap
    from graders.migrations.catalog import catalog_of_files, catalog_of_server

    urls = [one for one in given if one.startswith(_URLS)]
    if urls:
        if len(given) > 1:
            raise UsageError("--schema: a URL cannot be combined", hint="give one URL, or files")
        return catalog_of_server(urls[0])
    reap(settings.run_dir)
    made = catalog_of_files([Path(one) for one in given], find_binaries(), run_dir=settings.run_dir)
    for problem in made.left_out[:_SHOWN]:
        print(f"note: the schema lacks a statement: {escape(problem)}", file=sys.stderr)
    if len(made.left_out) > _SHOWN:
        print(f"note: and {len(made.left_out) - _SHOWN} more", file=sys.stderr)
    return made.catalog


def check_tenant(column: str, catalog: Catalog | None) -> None:
    """Raises UsageError where no table has that column."""
    if catalog is not None and not any(table.column(column) for table in catalog.tables):
        raise UsageError(
            f"--tenant {column}: no table of the schema has that column", hint="check its spelling"
        )
