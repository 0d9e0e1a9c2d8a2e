"""Rows or wide columns that reach the service and never reach the client."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.catalog import Catalog, Column
from graders.sql.finding import Finding, seen
from graders.sql.judging.answers import names_in, plain_name, things_in
from graders.sql.judging.rule_context import Execution, RuleContext
from graders.sql.text.query import output_columns, sources_of, top_query

SLUG = "over-fetch"
_RATIO = 10
_WORTH = 100
_WIDE_TYPES = ("text", "json", "bytea", "xml", "tsvector")
_WIDE_BYTES = 200


def find(context: RuleContext) -> Iterator[Finding]:
    """Needs the answer. Rows are proved, since both sides are counted; columns suspected: the code may use them."""
    if context.answer is None:
        return
    shown, names = things_in(context.answer), names_in(context.answer)
    for group in context.groups.values():
        if group[0].shape.verb != "select":
            continue
        sent = sum(one.rows_sent or 0 for one in group)
        if sent >= _WORTH and sent >= _RATIO * max(1, shown):
            yield _rows(context, group, sent, shown)
        unused = _unused_wide_columns(group[0], names, context.catalog)
        if unused and sent and names:
            yield _columns(context, group, unused, sent)


def _unused_wide_columns(
    execution: Execution, names: frozenset[str], catalog: Catalog | None
) -> list[Column]:
    query = top_query(execution.shape.template) if execution.shape.known else None
    if query is None or catalog is None:
        return []
    tables = {source.name: catalog.table(source.table) for source in sources_of(query)}
    found = []
    for source, name, output in output_columns(query):
        for table in tables.values() if not source else (tables.get(source),):
            if table is None:
                continue
            columns = table.columns if name == "*" else (table.column(name),)
            for column in columns:
                shown = plain_name(output if name != "*" and output != "*" else column.name) if column else ""
                if column is not None and _is_wide(column) and not _is_shown(shown, names):
                    found.append(column)
    return list(dict.fromkeys(found))


def _is_wide(column: Column) -> bool:
    return column.width >= _WIDE_BYTES or (column.width == 0 and column.type.startswith(_WIDE_TYPES))


def _is_shown(name: str, names: frozenset[str]) -> bool:
    """ORMs prefix output names with the table's: `orders_note` shows as `note`."""
    return name in names or any(name.endswith(shown) for shown in names if len(shown) > 2)


def _rows(context: RuleContext, group: list[Execution], sent: int, shown: int) -> Finding:
    return Finding(
        rule=SLUG,
        confidence="proved",
        title="Far more rows reach the service than the answer shows",
        message=f"{sent} rows were sent to the service for an answer that holds {shown} objects and list members. "
        f"Filter, limit or aggregate in the database, so that it sends what is shown.",
        statements=(seen([one.statement for one in group]),),
        counts={"rows_sent": sent, "shown": shown},
        request=context.request,
        cost=float(sent - shown),
    )


def _columns(context: RuleContext, group: list[Execution], unused: list[Column], sent: int) -> Finding:
    named = ", ".join(column.name for column in unused[:5])
    return Finding(
        rule=SLUG,
        confidence="suspected",
        title="Wide columns are fetched and not shown",
        message=f"{named}: sent to the service with each of {sent} rows, and no such name is in the answer.",
        statements=(seen([one.statement for one in group]),),
        counts={"rows_sent": sent, "columns": len(unused)},
        request=context.request,
        cost=float(len(unused)),
    )
