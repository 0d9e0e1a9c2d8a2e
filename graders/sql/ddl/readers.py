"""Hazards of each kind of statement to tables in use; ALTER TABLE has its own module."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graders.sql.ddl.alter import read_alter_table
from graders.sql.ddl.nodes import constraints_of, names_of, option_is_on, relation_name, strings
from graders.sql.ddl.script import Node, Script

Reader = Callable[[Script, Node], None]

_DROPS = {
    "OBJECT_TABLE": "drop-table",
    "OBJECT_VIEW": "drop-object",
    "OBJECT_MATVIEW": "drop-object",
    "OBJECT_TYPE": "drop-object",
    "OBJECT_DOMAIN": "drop-object",
    "OBJECT_FUNCTION": "drop-object",
    "OBJECT_PROCEDURE": "drop-object",
    "OBJECT_SEQUENCE": "drop-object",
    "OBJECT_SCHEMA": "drop-object",
    "OBJECT_EXTENSION": "drop-object",
}
_RENAMES = {"OBJECT_COLUMN": "rename-column", "OBJECT_TABLE": "rename-table"}
_TOUCHING = {
    "AlterTableStmt",
    "IndexStmt",
    "DropStmt",
    "RenameStmt",
    "ReindexStmt",
    "ClusterStmt",
    "TruncateStmt",
    "RefreshMatViewStmt",
    "AlterObjectSchemaStmt",
    "AlterDomainStmt",
    "AlterEnumStmt",
    "AlterTypeStmt",
    "AlterOwnerStmt",
    "CreateTrigStmt",
    "CreateDomainStmt",
    "CreateEnumStmt",
    "CompositeTypeStmt",
    "RuleStmt",
    "CreatePolicyStmt",
    "LockStmt",
}


def touches_existing(script: Script, kind: str, node: Node) -> bool:
    """Whether the statement asks for locks that can queue behind, or before, a running service.

    A type is counted too: its name lies in the catalog that every other schema change waits for.
    """
    if kind == "CreateStmt":
        columns = [item.get("ColumnDef", {}) for item in node.get("tableElts") or ()]
        own = [item.get("Constraint", {}) for item in node.get("tableElts") or ()]
        inline = [constraint for column in columns for constraint in constraints_of(column)]
        targets = {relation_name(one.get("pktable")) for one in own + inline if one.get("pktable")}
        # PARTITION OF and INHERITS lock the parent.
        targets |= {relation_name(item.get("RangeVar")) for item in node.get("inhRelations") or ()}
        return any(not script.is_new(target) for target in targets)
    if kind == "VacuumStmt":
        return option_is_on(node.get("options"), "full")
    if kind not in _TOUCHING:
        return False
    table = relation_name(node.get("relation"))
    return not (table and script.is_new(table))


def _transaction(script: Script, node: Node) -> None:
    kind = str(node.get("kind"))
    if kind in ("TRANS_STMT_BEGIN", "TRANS_STMT_START"):
        if script.open:
            script.report("nested-transaction")
        script.open = True
    elif kind in ("TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE"):
        if not script.open or script.assumed:
            script.report("nested-transaction")
        script.end_transaction()


def _set(script: Script, node: Node) -> None:
    if node.get("kind") == "VAR_SET_VALUE":
        script.settings.add(str(node.get("name", "")).lower())


def _create_table(script: Script, node: Node) -> None:
    relation = node.get("relation") or node.get("into", {}).get("rel")
    if relation and (script.open or relation.get("relpersistence") == "t"):
        script.created.add(relation_name(relation))


def _concurrently(script: Script, subject: str) -> None:
    # A tool that wraps every script in a transaction spares one that holds nothing else.
    alone = script.assumed and script.statements == 1
    if script.open and not alone:
        script.report("concurrently-in-transaction", subject)


def _index(script: Script, node: Node) -> None:
    table = relation_name(node.get("relation"))
    if node.get("concurrent"):
        _concurrently(script, table)
    elif not script.is_new(table):
        script.report("index-blocks-writes", table, str(node.get("idxname", "")))
    if script.open and node.get("idxname"):
        script.created.add(str(node["idxname"]))


def _drop(script: Script, node: Node) -> None:
    kind = str(node.get("removeType"))
    names = tuple(names_of(node.get("objects")))
    if kind == "OBJECT_INDEX":
        if node.get("concurrent"):
            _concurrently(script, names[0] if names else "")
            return
        for name in names:
            if not script.is_new(name):
                script.report("drop-index-blocks", name)
    elif code := _DROPS.get(kind):
        for name in names:
            if not script.is_new(name):
                script.report(code, name)


def _rename(script: Script, node: Node) -> None:
    name = relation_name(node.get("relation"))
    if not script.is_new(name):
        code = _RENAMES.get(str(node.get("renameType")), "rename-object")
        script.report(code, name, str(node.get("subname", "")))


def _move(script: Script, node: Node) -> None:
    script.report("move-schema", relation_name(node.get("relation")))


def _reindex(script: Script, node: Node) -> None:
    subject = relation_name(node.get("relation")) or str(node.get("name", ""))
    if option_is_on(node.get("params"), "concurrently"):
        _concurrently(script, subject)
    elif not script.is_new(subject):
        script.report("reindex-blocks", subject)


def _vacuum(script: Script, node: Node) -> None:
    if option_is_on(node.get("options"), "full"):
        tables = [item.get("VacuumRelation", {}).get("relation") for item in node.get("rels") or ()]
        for table in tables or [None]:
            script.report("full-rewrite", relation_name(table))


def _cluster(script: Script, node: Node) -> None:
    script.report("full-rewrite", relation_name(node.get("relation")))


def _refresh(script: Script, node: Node) -> None:
    if not node.get("concurrent") and not node.get("skipData"):
        script.report("refresh-blocks-reads", relation_name(node.get("relation")))


def _truncate(script: Script, node: Node) -> None:
    code = "truncate-cascade" if node.get("behavior") == "DROP_CASCADE" else "truncate"
    for item in node.get("relations", ()):
        name = relation_name(item.get("RangeVar"))
        if not script.is_new(name):
            script.report(code, name)


def _write(script: Script, node: Node) -> None:
    table = relation_name(node.get("relation"))
    if "whereClause" not in node and not script.is_new(table):
        script.report("whole-table-write", table)


def _alter_domain(script: Script, node: Node) -> None:
    if node.get("subtype") == "C":
        script.report("domain-constraint-scans", ".".join(strings(node.get("typeName"))))


def _create_domain(script: Script, node: Node) -> None:
    if any(one.get("contype") in ("CONSTR_CHECK", "CONSTR_NOTNULL") for one in constraints_of(node)):
        script.report("constrained-domain", ".".join(strings(node.get("domainname"))))


def _alter_enum(script: Script, node: Node) -> None:
    if node.get("newVal") and not node.get("oldVal") and not node.get("newValNeighbor"):
        script.report("enum-order", ".".join(strings(node.get("typeName"))), str(node["newVal"]))


def _drop_database(script: Script, node: Node) -> None:
    script.report("drop-database", str(node.get("dbname", "")))


READERS: Mapping[str, Reader] = {
    "AlterTableStmt": read_alter_table,
    "TransactionStmt": _transaction,
    "VariableSetStmt": _set,
    "CreateStmt": _create_table,
    "CreateTableAsStmt": _create_table,
    "IndexStmt": _index,
    "DropStmt": _drop,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _move,
    "ReindexStmt": _reindex,
    "VacuumStmt": _vacuum,
    "ClusterStmt": _cluster,
    "RefreshMatViewStmt": _refresh,
    "TruncateStmt": _truncate,
    "UpdateStmt": _write,
    "DeleteStmt": _write,
    "AlterDomainStmt": _alter_domain,
    "CreateDomainStmt": _create_domain,
    "AlterEnumStmt": _alter_enum,
    "DropdbStmt": _drop_database,
}
