"""Checks that every tenant table of a statement is tied to the authenticated tenant by a chain of equalities.

The condition on the tenant is often not on the table itself but on another one that it is joined with, in an outer
query, a CTE or an EXISTS. So columns that must be equal form classes (union-find), the tenant's key is a member of one
of them, and a source is tied if its tenant column is in that class or a foreign key links it to a tied source.
An unknown form leaves a source untied, which is a suspicion and never a proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from graders.sql.judging.rule_context import Values
from graders.sql.text.query import column_of, conditions_in, equalities_in, name_of, source_nodes
from graders.sql.text.tree import parse, place_of

# The tenant's key as a member of the classes; no column of SQL can have this name and no qualifier.
_TENANT = ("", "the tenant")
_Node = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tenancy:
    """The tenant's key as text, and for each tenant table the column that holds it.

    `links`: (table, column, table, column) of the foreign keys: rows that they connect belong to one tenant. None
    where they are not known: then columns named `id` and `..._id` count as keys.
    """

    value: str
    columns: Mapping[str, str]
    links: frozenset[tuple[str, str, str, str]] | None = None


@dataclass(slots=True)
class _TenantScope:
    """The names of one query. `parent`: union-find over columns that must be equal; `common`: its CTEs; `names`: the
    table of each source; `tied`: the sources whose rows are the tenant's.
    """

    outer: _TenantScope | None
    parent: dict[_Node, _Node] = field(default_factory=dict)
    common: dict[str, exp.Expr] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    tied: dict[str, str] = field(default_factory=dict)

    def root(self, node: _Node) -> _Node:
        while self.parent.get(node, node) != node:
            node = self.parent[node]
        return node

    def join(self, one: _Node, other: _Node) -> None:
        self.parent[self.root(one)] = self.root(other)

    def is_tenant(self, node: _Node) -> bool:
        return self.root(node) == self.root(_TENANT)


def untied_sources(template: str, values: Values, tenancy: Tenancy) -> tuple[str, ...]:
    """The tenant tables, in order, that some part of the statement reads or writes untied; empty without a tree."""
    tree = parse(template)
    found: list[str] = []
    if tree is not None:
        _visit(tree, None, values, tenancy, found)
    return tuple(dict.fromkeys(found))


def _visit(
    query: exp.Expr, outer: _TenantScope | None, values: Values, tenancy: Tenancy, found: list[str]
) -> _TenantScope:
    """Collect the untied tables of one query and of those inside it; the scope shows which outputs are the tenant's."""
    # A copy: what holds inside a subquery need not hold outside, while the outer equalities hold inside.
    scope = _TenantScope(outer, dict(outer.parent) if outer else {}, dict(outer.common) if outer else {})
    for cte in query.args["with_"].expressions if query.args.get("with_") else ():
        scope.common[name_of(cte.args["alias"].this)] = cte.this
        _visit(cte.this, scope, values, tenancy, found)
    if isinstance(query, exp.SetOperation):
        # Each side must be tied for itself.
        for side in (query.this, query.expression):
            _visit(side, scope, values, tenancy, found)
        return scope
    if isinstance(query, exp.Subquery | exp.Paren):
        return _visit(query.this, scope, values, tenancy, found)
    _take_sources(query, scope, values, tenancy, found)
    _take_equalities(query, scope, values, tenancy)
    _spread(scope, tenancy)
    for inner in _inner_queries(query):
        _tie_back(inner, _visit(inner, scope, values, tenancy, found), scope, tenancy)
    # Again, since a source that EXISTS or IN has tied may tie others.
    _spread(scope, tenancy)
    if isinstance(query, exp.Insert):
        found.extend(_untied_insert(query, values, tenancy))
    for name, table in scope.names.items():
        written = isinstance(query, exp.Insert)
        if table in tenancy.columns and not written and name not in scope.tied:
            found.append(table)
    return scope


def _is_tied(scope: _TenantScope, name: str, column: str) -> bool:
    if scope.is_tenant((name, column)):
        return True
    # Without a qualifier, the column can only be that of the single source.
    alone = len(scope.names) == 1
    return alone and scope.is_tenant(("", column))


def _spread(scope: _TenantScope, tenancy: Tenancy) -> None:
    """Tie sources by their own tenant column, then those linked to them by a foreign key, also from the outer query."""
    for name, table in scope.names.items():
        if table in tenancy.columns and _is_tied(scope, name, tenancy.columns[table]):
            scope.tied[name] = table
    around = dict(scope.outer.tied) if scope.outer else {}
    nodes = [*scope.parent, *scope.parent.values()]
    # At most one more source is tied by each pass, so as many passes as there are sources reach the fixed point.
    for _ in scope.names:
        for name, column in nodes:
            here = scope.names.get(name)
            if here is None or name in scope.tied:
                continue
            known = around | scope.tied
            same = [one for one in nodes if one[0] in known and scope.root(one) == scope.root((name, column))]
            if any(_is_link(here, column, known[one[0]], one[1], tenancy) for one in same):
                scope.tied[name] = here


def _tie_back(query: exp.Expr, inner: _TenantScope, scope: _TenantScope, tenancy: Tenancy) -> None:
    """EXISTS and IN over the tenant's rows tie the outer source that they are linked to, where they are required."""
    parent = query.parent
    condition = (
        parent.parent if isinstance(parent, exp.Subquery) and isinstance(parent.parent, exp.In) else parent
    )
    # Only a part of the conjunction at the top restricts every row: below OR or NOT it does not.
    while condition is not None and isinstance(condition.parent, exp.And | exp.Paren):
        condition = condition.parent
    if not isinstance(parent, exp.Exists | exp.In | exp.Subquery) or condition is None:
        return
    if not isinstance(condition.parent, exp.Where | exp.Join):
        return
    member = parent if isinstance(parent, exp.In) else parent.parent
    if isinstance(member, exp.In) and isinstance(query, exp.Select) and query.expressions:
        outer_column, given = column_of(member.this), column_of(query.expressions[0])
        if outer_column and given:
            inner.join(_resolved(outer_column, scope), _resolved(given, inner))
    nodes = {*inner.parent, *inner.parent.values()}
    for name, column in nodes:
        table = scope.names.get(name)
        same = [
            one for one in nodes if one[0] in inner.tied and inner.root(one) == inner.root((name, column))
        ]
        if table and any(_is_link(table, column, inner.tied[one[0]], one[1], tenancy) for one in same):
            scope.tied[name] = table


def _is_link(table: str, column: str, other: str, other_column: str, tenancy: Tenancy) -> bool:
    if tenancy.links is None:
        return "id" in (column, other_column) or (column.endswith("_id") and other_column.endswith("_id"))
    link = (table, column, other, other_column)
    return link in tenancy.links or (link[2:] + link[:2]) in tenancy.links


def _take_sources(
    query: exp.Expr, scope: _TenantScope, values: Values, tenancy: Tenancy, found: list[str]
) -> None:
    """Register the sources by their names; outputs of a subquery or CTE that equal the tenant do so here, too."""
    for node in source_nodes(query):
        alias = node.args.get("alias")
        called = name_of(alias.this) if isinstance(alias, exp.TableAlias) and alias.this is not None else ""
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            table = name_of(node.this)
            common = scope.common.get(table) if node.args.get("db") is None else None
            if common is not None:
                _carry(common, called or table, scope, values, tenancy, [])
                if any(
                    name == (called or table) and scope.is_tenant((name, column))
                    for name, column in scope.parent
                ):
                    scope.tied[called or table] = table
            else:
                scope.names[called or table] = table
        elif isinstance(node, exp.Subquery | exp.Lateral):
            _carry(node.this, called, scope, values, tenancy, found)


def _carry(
    query: exp.Expr, called: str, scope: _TenantScope, values: Values, tenancy: Tenancy, found: list[str]
) -> None:
    # Only LATERAL sees the sources next to it. A plain derived table gets their equalities as well: it cannot name
    # them, so they have no effect.
    # A recursive CTE must not be entered from itself.
    recursive = {name: one for name, one in scope.common.items() if one is not query}
    inner = _visit(query, _TenantScope(scope.outer, dict(scope.parent), recursive), values, tenancy, found)
    while isinstance(query, exp.Subquery | exp.Paren):
        query = query.this
    if not isinstance(query, exp.Select):
        return
    for item in query.expressions:
        column = column_of(item.this if isinstance(item, exp.Alias) else item)
        name = name_of(item.args["alias"]) if isinstance(item, exp.Alias) else (column[1] if column else "")
        if column and (inner.is_tenant(column) or (not column[0] and _any_tenant(inner, column[1]))):
            scope.join((called, name), _TENANT)
        elif isinstance(item, exp.Star) or (column is None and isinstance(item, exp.Column)):
            for source, table in inner.names.items():
                tenant_column = tenancy.columns.get(table)
                if tenant_column and _is_tied(inner, source, tenant_column):
                    scope.join((called, tenant_column), _TENANT)


def _any_tenant(scope: _TenantScope, column: str) -> bool:
    return any(scope.is_tenant((name, column)) for name in scope.names)


def _take_equalities(query: exp.Expr, scope: _TenantScope, values: Values, tenancy: Tenancy) -> None:
    # The ON of a LEFT JOIN restricts the joined rows, which is all that is asked for here: others become NULL.
    for equality in equalities_in(query, outer_joins=True):
        left = _resolved(equality.left, scope)
        if equality.right is not None:
            scope.join(left, _resolved(equality.right, scope))
        elif equality.place is not None and _is_tenants(equality.place, values, tenancy):
            scope.join(left, _TENANT)
    for part in conditions_in(query):
        # `tenant_id IN (SELECT id FROM tenants WHERE ...)`, `(tenant_id, id) IN ((7, 1), (7, 2))`
        if isinstance(part, exp.In) and isinstance(part.this, exp.Tuple) and part.expressions:
            for place, column in enumerate(part.this.expressions):
                rows = [row.expressions for row in part.expressions if isinstance(row, exp.Tuple)]
                leaves = [place_of(row[place]) for row in rows if place < len(row)]
                name = column_of(column)
                if (
                    name
                    and leaves
                    and all(one is not None and _is_tenants(one, values, tenancy) for one in leaves)
                ):
                    scope.join(_resolved(name, scope), _TENANT)
        elif _is_setting(part):
            column_node = part.this if column_of(part.this) else part.args.get("expression")
            name = column_of(column_node)
            if name:
                scope.join(_resolved(name, scope), _TENANT)


def _is_setting(part: exp.Expr) -> bool:
    """`tenant_id = current_setting('app.tenant')::int`: the tenant of the session, as row security policies use it."""
    return isinstance(part, exp.EQ) and "current_setting" in part.sql(dialect="postgres").lower()


def _is_tenants(place: int, values: Values, tenancy: Tenancy) -> bool:
    # Every member of a list: `tenant_id IN ($1, $2)` with a second tenant is not tied.
    return (
        place < len(values) and bool(values[place]) and all(value == tenancy.value for value in values[place])
    )


def _resolved(column: _Node, scope: _TenantScope) -> _Node:
    """An unqualified column belongs to the only source, where there is only one."""
    if column[0] or len(scope.names) != 1:
        return column
    return next(iter(scope.names)), column[1]


def _inner_queries(query: exp.Expr) -> list[exp.Expr]:
    """The queries inside conditions and outputs; those in FROM and WITH have been visited."""
    inner: list[exp.Expr] = []
    waiting: list[object] = [
        value for key, value in query.args.items() if key not in ("with_", "from_", "using") and value
    ]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, exp.Select | exp.SetOperation):
            inner.append(node)
        elif isinstance(node, exp.Join):
            waiting.append(node.args.get("on"))
        elif isinstance(node, exp.Expr):
            waiting.extend(node.args.values())
    return inner


def _untied_insert(query: exp.Insert, values: Values, tenancy: Tenancy) -> list[str]:
    """A new row must carry the tenant: its column is given, and given the tenant's key."""
    target = query.this
    table = name_of(target.this.this if isinstance(target, exp.Schema) else target.this)
    column = tenancy.columns.get(table)
    if column is None:
        return []
    names = [name_of(one) for one in target.expressions] if isinstance(target, exp.Schema) else []
    source = query.expression
    if column not in names:
        return [table] if names else []
    place = names.index(column)
    if isinstance(source, exp.Values):
        leaves = [row.expressions[place] for row in source.expressions if place < len(row.expressions)]
    elif isinstance(source, exp.Select):
        # What the SELECT reads is checked by its own visit.
        return [] if place < len(source.expressions) else [table]
    else:
        return []
    while leaves and isinstance(leaves[0], exp.Cast | exp.Paren):
        leaves = [leaf.this for leaf in leaves]
    marks = [place_of(leaf) for leaf in leaves]
    tied = all(mark is None or _is_tenants(mark, values, tenancy) for mark in marks)
    return [] if tied else [table]
