"""Mutants are small, different from their original, and still programs."""

from __future__ import annotations

import ast

import pytest

from graders.mutants import mutants_of

SOURCE = """
def sell(db, user, limit):
    if limit < 1:
        raise Problem(422, "no")
    with db.transaction():
        row = db.execute("SELECT id FROM tickets WHERE owner_id = %s AND sold = false ORDER BY at, id FOR UPDATE")
        if row.owner_id == user.id and limit > 0:
            db.log(row)
            return 201
    return orders.where(a == 1, b == 2).with_for_update()
"""


def operators(path: str, source: str) -> set[str]:
    return {mutant.operator for mutant in mutants_of(path, source)}


def test_python_is_mutated_by_what_backend_people_get_wrong() -> None:
    assert operators("app.py", SOURCE) >= {
        "boundary",
        "skip-check",
        "swap-status",
        "drop-condition",
        "drop-lock",
        "drop-statement",
        "widen-role",
        "and-or",
        "drop-where-term",
        "drop-order-term",
    }


def test_sql_loses_constraints_and_indexes() -> None:
    sql = "CREATE TABLE t (\n  k text UNIQUE,\n  n int,\n  CHECK (n > 0)\n);\nCREATE INDEX i ON t (n);\n"
    assert operators("migrations/0001.sql", sql) == {"drop-constraint", "forget-index", "boundary"}


@pytest.mark.parametrize("mutant", mutants_of("app.py", SOURCE), ids=lambda mutant: mutant.name)
def test_a_mutant_differs_from_its_original_and_still_parses(mutant: object) -> None:
    changed = mutant.source  # type: ignore[attr-defined]
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(SOURCE))


def test_other_files_have_no_mutants() -> None:
    assert mutants_of("README.md", "a < b") == ()
