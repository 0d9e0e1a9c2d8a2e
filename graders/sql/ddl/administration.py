"""Statements that set up a server or a database rather than change a schema."""

from __future__ import annotations

from graders.sql.ddl.hazards import parse

_KINDS = frozenset(
    {
        "CreateExtensionStmt",
        "AlterExtensionStmt",
        "AlterExtensionContentsStmt",
        "CreateRoleStmt",
        "AlterRoleStmt",
        "AlterRoleSetStmt",
        "DropRoleStmt",
        "GrantRoleStmt",
    }
)
# What COMMENT, DROP, ALTER ... OWNER and the like are about.
_OBJECTS = frozenset({"OBJECT_EXTENSION", "OBJECT_ROLE"})


def is_administrative(text: str) -> bool:
    """Whether it makes or changes extensions, roles or their memberships."""
    return any(
        kind in _KINDS
        or bool(_OBJECTS & {node.get(key) for key in ("objtype", "objectType", "removeType", "renameType")})
        for kind, node in parse(text)
    )
