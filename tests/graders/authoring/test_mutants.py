"""Mutants are small, different from their original, and still programs."""

from __future__ import annotations

import ast

import pytest

from graders.authoring.mutants import mutants_of

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


MORE = '''
"""With WHERE a < b it is text, not SQL."""
LARGEST = 100
def show(session, id, given: int = 20, status: "Literal[200]" = None):
    """Select from where a < b AND c = d."""
    logger.info("update x set y")
    query = select(Order).options(selectinload(Order.items)).order_by(Order.at.desc()).limit(given)
    if status is not None:
        query = query.where(Order.status == status.lower())
    try:
        session.execute(text(f"INSERT INTO t SELECT {LARGEST} FROM u WHERE a = :a AND b IS NULL LIMIT 5"))
    except IntegrityError:
        raise Problem(409)
    most = 2**63 - 1
    with session.begin():
        return {"id": id, "left": a - b if status else 0}
'''


def test_python_forgets_what_backend_people_forget() -> None:
    assert operators("app.py", MORE) >= {
        "lazy-loading",
        "drop-limit",
        "sort-backwards",
        "skip-step",
        "forget-case",
        "forget-error",
        "drop-transaction",
        "drop-field",
        "one-way",
        "arithmetic",
        "off-by-one",
        "drop-where-term",
    }


def test_what_nobody_could_notice_is_left_alone() -> None:
    labels = " ".join(mutant.label for mutant in mutants_of("app.py", MORE))
    assert "logger" not in labels
    assert "a < b" not in labels
    assert "2 ** 63" not in labels
    assert all(ast.get_docstring(ast.parse(mutant.source)) for mutant in mutants_of("app.py", MORE))
    assert mutants_of("m.sql", "-- WHERE a < b\nSELECT 1;\n") == ()


def test_a_commit_comes_early_only_where_more_is_written_after_it() -> None:
    source = (
        'def f(db):\n    db.execute("INSERT INTO t")\n    db.execute("UPDATE t SET a = 1")\n    return 1\n'
    )
    labels = [mutant.label for mutant in mutants_of("a.py", source) if mutant.operator == "drop-transaction"]
    assert labels == ["commit after db.execute('INSERT INTO t')"]


def test_no_two_mutants_bear_the_same_name() -> None:
    sql = "CREATE INDEX i ON t (a DESC, b DESC);\n"
    names = [mutant.name for mutant in mutants_of("m.sql", sql)]
    assert len(names) == len(set(names)) == 3


def test_sql_loses_constraints_and_indexes() -> None:
    sql = "CREATE TABLE t (\n  k text UNIQUE,\n  n int,\n  CHECK (n > 0)\n);\nCREATE INDEX i ON t (n);\n"
    assert operators("migrations/0001.sql", sql) == {"drop-constraint", "forget-index", "boundary"}


@pytest.mark.parametrize("mutant", mutants_of("app.py", SOURCE), ids=lambda mutant: mutant.name)
def test_a_mutant_differs_from_its_original_and_still_parses(mutant: object) -> None:
    changed = mutant.source  # type: ignore[attr-defined]
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(SOURCE))


def test_other_files_have_no_mutants() -> None:
    assert mutants_of("README.md", "a < b") == ()
