"""Hazards of each subcommand of ALTER TABLE to a table in use."""

from __future__ import annotations

from collections.abc import Callable

from graders.sql.ddl.nodes import constraints_of, never_null_columns, relation_name, type_name
from graders.sql.ddl.script import Node, Script
from graders.sql.ddl.volatility import may_be_volatile

_SERIAL = {"serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"}
_TIMES = {"timestamp", "timestamptz"}
_FAST_DEFAULTS_SINCE = 11
_CHECKS_SPARE_NOT_NULL_SINCE = 12


def read_alter_table(script: Script, node: Node) -> None:
    table = relation_name(node.get("relation"))
    # SET NOT NULL in the same statement as ADD COLUMN still reads the table.
    for item in node.get("cmds", ()):
        command = item.get("AlterTableCmd", {})
        reader = _COMMANDS.get(str(command.get("subtype")))
        if reader is not None and not script.is_new(table):
            reader(script, table, command)


def _add_column(script: Script, table: str, command: Node) -> None:
    column = command.get("def", {}).get("ColumnDef", {})
    name, found = str(column.get("colname", "")), {}
    for constraint in constraints_of(column):
        found[str(constraint.get("contype"))] = constraint
    numbered = type_name(column).lower() in _SERIAL or "CONSTR_IDENTITY" in found
    if numbered:
        script.report("serial-column", table, name)
    if "CONSTR_GENERATED" in found:
        script.report("stored-generated-column", table, name)
    default = found.get("CONSTR_DEFAULT")
    if default is not None and not _is_null(default.get("raw_expr")):
        if may_be_volatile(default.get("raw_expr")):
            script.report("volatile-default", table, name)
        elif script.version < _FAST_DEFAULTS_SINCE:
            script.report("default-rewrites", table, name)
    elif "CONSTR_NOTNULL" in found and not numbered and "CONSTR_GENERATED" not in found:
        script.report("required-column", table, name)
    for contype, code in _INLINE.items():
        if contype in found and not found[contype].get("skip_validation"):
            script.report(code, table, name)


_INLINE = {
    "CONSTR_PRIMARY": "primary-key-builds-index",
    "CONSTR_UNIQUE": "unique-builds-index",
    "CONSTR_CHECK": "check-scans",
    "CONSTR_FOREIGN": "foreign-key-scans",
}


def _alter_type(script: Script, table: str, command: Node) -> None:
    name, column = str(command.get("name", "")), command.get("def", {}).get("ColumnDef", {})
    script.report("type-change", table, name)
    # PostgreSQL spares timestamp <-> timestamptz the rewrite where TimeZone is UTC; the throwaway server's is.
    if type_name(column) in _TIMES and "timezone" not in script.settings:
        script.report("time-zone-rewrites", table, name)


def _is_null(expression: Node | None) -> bool:
    return bool((expression or {}).get("A_Const", {}).get("isnull"))


def _add_constraint(script: Script, table: str, command: Node) -> None:
    constraint = command.get("def", {}).get("Constraint", {})
    contype, name = str(constraint.get("contype")), str(constraint.get("conname", ""))
    if contype in ("CONSTR_CHECK", "CONSTR_FOREIGN"):
        if contype == "CONSTR_CHECK":
            for column in never_null_columns(constraint.get("raw_expr")):
                script.never_null[table, name] = column
        if constraint.get("skip_validation"):
            script.added.add((table, name))
            return
        script.validated.add((table, name))
        script.report("check-scans" if contype == "CONSTR_CHECK" else "foreign-key-scans", table, name)
    elif contype in ("CONSTR_UNIQUE", "CONSTR_PRIMARY") and not constraint.get("indexname"):
        code = "unique-builds-index" if contype == "CONSTR_UNIQUE" else "primary-key-builds-index"
        script.report(code, table, name)
    elif contype == "CONSTR_EXCLUSION":
        script.report("exclusion-builds-index", table, name)


def _validate(script: Script, table: str, command: Node) -> None:
    name = str(command.get("name", ""))
    script.validated.add((table, name))
    if script.open and (table, name) in script.added:
        script.report("validate-under-lock", table, name)


def _set_not_null(script: Script, table: str, command: Node) -> None:
    column = str(command.get("name", ""))
    checked = any(
        key[0] == table and key in script.validated and of == column for key, of in script.never_null.items()
    )
    if not checked or script.version < _CHECKS_SPARE_NOT_NULL_SINCE:
        script.report("set-not-null-scans", table, column)


def _detach(script: Script, table: str, command: Node) -> None:
    partition = command.get("def", {}).get("PartitionCmd", {})
    if not partition.get("concurrent"):
        script.report("detach-blocks", table, relation_name(partition.get("name")))
    elif script.open:
        script.report("concurrently-in-transaction", table)


def _attach(script: Script, table: str, command: Node) -> None:
    partition = relation_name(command.get("def", {}).get("PartitionCmd", {}).get("name"))
    if not script.is_new(partition):
        script.report("attach-scans", table, partition)


def _always(code: str) -> Callable[[Script, str, Node], None]:
    def read(script: Script, table: str, command: Node) -> None:
        script.report(code, table, str(command.get("name", "")))

    return read


_COMMANDS: dict[str, Callable[[Script, str, Node], None]] = {
    "AT_AddColumn": _add_column,
    "AT_AddConstraint": _add_constraint,
    "AT_ValidateConstraint": _validate,
    "AT_SetNotNull": _set_not_null,
    "AT_DropNotNull": _always("drop-not-null"),
    "AT_DropColumn": _always("drop-column"),
    "AT_DropConstraint": _always("drop-constraint"),
    "AT_AlterColumnType": _alter_type,
    "AT_SetExpression": _always("stored-generated-column"),
    "AT_SetLogged": _always("storage-rewrites"),
    "AT_SetUnLogged": _always("storage-rewrites"),
    "AT_SetTableSpace": _always("storage-rewrites"),
    "AT_SetAccessMethod": _always("storage-rewrites"),
    "AT_AttachPartition": _attach,
    "AT_DetachPartition": _detach,
}
