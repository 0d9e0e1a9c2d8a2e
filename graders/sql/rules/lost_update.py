"""A row read, changed in the service and written back without protection against a second writer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from graders.sql.activity.recording import Transaction
from graders.sql.activity.transactions import isolation_of, transactions_of
from graders.sql.catalog import Catalog
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of, values_of
from graders.sql.text.query import conditions_in, equalities_in
from graders.sql.text.tree import parse

SLUG = "lost-update"
_SAFE_LEVELS = ("serializable", "repeatable read")
_NUMBERS = ("integer", "bigint", "smallint", "numeric", "real", "double", "money")


def find(context: RuleContext) -> Iterator[Finding]:
    """Suspected from the statements; proved where a forced race lost an update (option `confirmed`).

    Needs the catalog and considers numbers that are not keys: to overwrite a name is usually intended, to overwrite
    a balance that was computed from an old value is not.
    """
    if context.catalog is None:
        return
    earlier: list[Statement] = []
    reported = set()
    for transaction in transactions_of(context.statements):
        safe = isolation_of(transaction, context.statements) in _SAFE_LEVELS
        for statement in transaction.statements:
            shape = shape_of(statement)
            if shape.verb == "update" and shape.known and not safe and shape.fingerprint not in reported:
                read = _unlocked_read(statement, earlier, transaction, context.catalog)
                if read is not None:
                    reported.add(shape.fingerprint)
                    yield _finding(context, read, statement)
            if shape.verb == "select":
                earlier.append(statement)


def _unlocked_read(
    update: Statement, reads: Sequence[Statement], transaction: Transaction, catalog: Catalog
) -> Statement | None:
    """The last read of the same row; None where a lock, a version or an expression protects the update."""
    shape = shape_of(update)
    keys = _keys(update)
    if not keys or not _writes_computed_number(update, catalog) or _is_guarded(update, catalog):
        return None
    same = [
        read
        for read in reads
        if shape.writes in shape_of(read).tables and keys.items() <= _keys(read).items()
    ]
    held = [read for read in same if read in transaction.statements and _locks(read)]
    return None if held or not same else same[-1]


def _keys(statement: Statement) -> dict[str, str]:
    """The columns that a statement fixes to one value, with the value."""
    shape = shape_of(statement)
    tree = parse(shape.template) if shape.known else None
    values = values_of(statement)
    found = {}
    for equality in equalities_in(tree) if tree is not None else ():
        place = equality.place
        if equality.right is None and place is not None and place < len(values) and len(values[place]) == 1:
            found[equality.left[1]] = values[place][0] or ""
    return found


def _writes_computed_number(update: Statement, catalog: Catalog) -> bool:
    """Sets a numeric column, no key, to a plain value; `stock = stock - $1` is computed by the database."""
    shape = shape_of(update)
    table = catalog.table(shape.writes)
    if table is None:
        return False
    foreign = {column for key in table.foreign_keys for column in key.columns}
    for place in shape.places:
        column = table.column(place.column) if place.use == "set" else None
        if column is not None and column.type.startswith(_NUMBERS) and column.name not in foreign:
            return True
    return False


def _is_guarded(update: Statement, catalog: Catalog) -> bool:
    """The WHERE asks for more than the row's key: a version, the old value, enough stock."""
    shape = shape_of(update)
    tree = parse(shape.template)
    table = catalog.table(shape.writes)
    if tree is None or table is None:
        return True
    unique = next((key for key in table.unique_keys if key <= set(_keys(update))), None)
    if unique is None:
        return True
    tenant_like = {column for key in table.foreign_keys for column in key.columns}
    for part in conditions_in(tree):
        columns = {column.name.lower() for column in part.find_all(exp.Column)}
        if not columns <= unique | tenant_like:
            return True
    return False


def _locks(read: Statement) -> bool:
    tree = parse(shape_of(read).template)
    return tree is not None and bool(tree.args.get("locks"))


def _finding(context: RuleContext, read: Statement, update: Statement) -> Finding:
    proved = bool(context.options.get("confirmed"))
    table = shape_of(update).writes
    return Finding(
        rule=SLUG,
        confidence="proved" if proved else "suspected",
        title=f"A value of {table} is read, changed and written back unprotected",
        message="Between this read and this write another request can do the same, and one of the two changes is "
        "lost: no lock was taken, no version is compared, and the new value is not computed by the database.",
        statements=(seen([read]), seen([update])),
        counts={"times": 1},
        request=context.request,
        cost=50.0,
    )
