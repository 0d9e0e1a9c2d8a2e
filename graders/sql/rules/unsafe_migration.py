"""A schema change that blocks the service, or fails on tables with rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from graders.sql.ddl.administration import is_administrative
from graders.sql.ddl.hazards import find_hazards
from graders.sql.ddl.script import Hazard
from graders.sql.ddl.trace import Trace, trace_from
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext
from graders.sql.statement import Statement
from graders.sql.text.splitting import verb

SLUG = "unsafe-migration"
_DDL = {"alter", "create", "drop", "reindex", "cluster", "vacuum", "truncate", "refresh"}
_KEPT = _DDL | {"begin", "start", "commit", "end", "rollback", "abort", "update", "delete"}
_TIMEOUTS = ("no-lock-timeout", "no-statement-timeout")
_NAMED = {"read": "read", "write": "write"}


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by `options["traces"]`, one Trace (or its plain values, or None) a statement: what it did when executed.

    Without traces, statements that change the schema are suspected by their text. `options["wrapped"]`: all of them
    run in one transaction; `options["version"]`: PostgreSQL's major version.
    """
    given = context.options.get("traces")
    if given is None:
        yield from _by_text(context)
        return
    traces: Sequence[Trace | None] = [trace_from(one) if isinstance(one, Mapping) else one for one in given]
    hazards = hazards_of(context, SLUG)
    explained = set[int]()
    for hazard in hazards:
        trace = traces[hazard.statement]
        confidence = _confidence(hazard, trace)
        if hazard.code in _TIMEOUTS and not any(one and one.blocking for one in traces[hazard.statement :]):
            # Nothing queues behind a script that takes no conflicting lock.
            continue
        if confidence == "proved":
            explained.add(hazard.statement)
        if confidence is not None:
            yield _finding(context, hazard, trace, confidence)
    for place, trace in enumerate(traces):
        if trace is not None and place not in explained:
            yield from _unexplained(context, place, trace)


def hazards_of(context: RuleContext, rule: str) -> tuple[Hazard, ...]:
    """The hazards of that rule in the context's statements."""
    texts = [statement.text for statement in context.statements]
    found = find_hazards(
        texts,
        in_transaction=bool(context.options.get("wrapped")),
        version=int(context.options.get("version", 18)),
    )
    return tuple(hazard for hazard in found if hazard.kind.rule == rule)


def _by_text(context: RuleContext) -> Iterator[Finding]:
    """Schema changes in a log: the schema was changed while the service ran."""
    if not any(verb(statement.text) in _DDL for statement in context.statements):
        return
    places = [place for place, one in enumerate(context.statements) if verb(one.text) in _KEPT]
    found = find_hazards([context.statements[place].text for place in places])
    for hazard in found:
        kind = hazard.kind
        if kind.rule == SLUG and kind.weight == "unsafe" and kind.proof not in ("text", "error"):
            moved = Hazard(hazard.code, places[hazard.statement], hazard.subject, hazard.detail)
            yield _finding(context, moved, None, "suspected")


def _confidence(hazard: Hazard, trace: Trace | None) -> str | None:
    """proved, suspected, or None where the execution showed no such effect."""
    kind = hazard.kind
    if kind.weight == "advice":
        return "suspected"
    if kind.proof == "text":
        return "proved"
    if trace is None or not trace.reached or trace.denied:
        return "suspected"
    borne_out = {
        "work": trace.blocks_others,
        "lock": bool(trace.blocking),
        "error": trace.error is not None,
    }[kind.proof]
    if not borne_out and kind.proof == "work" and trace.made_up and trace.blocking:
        # Empty tables show the lock, not the work.
        return "suspected"
    return "proved" if borne_out else None


def _finding(context: RuleContext, hazard: Hazard, trace: Trace | None, confidence: str) -> Finding:
    kind = hazard.kind
    statement = context.statements[min(hazard.statement, len(context.statements) - 1)]
    about = ".".join(part for part in (hazard.subject, hazard.detail) if part)
    message = describe(trace) if trace is not None and confidence == "proved" else ""
    return Finding(
        rule=SLUG,
        confidence="proved" if confidence == "proved" else "suspected",
        title=f"{hazard.code}: {kind.what}",
        message=message or f"{about or 'The statement'}: {kind.what}.",
        statements=(seen([statement]),),
        counts=counts_of(trace) | {"advice": float(kind.weight == "advice")},
        request=context.request,
        cost=cost_of(trace) if confidence == "proved" else 1.0,
        remedy=kind.instead,
    )


def _unexplained(context: RuleContext, place: int, trace: Trace) -> Iterator[Finding]:
    """Hazards that the execution showed and the text did not."""
    statement = context.statements[place]
    if trace.denied:
        yield _denied(context, statement, trace)
    elif trace.made_up and trace.error is not None:
        yield _on_made_up_rows(context, statement, trace)
    elif trace.error is not None:
        code, text = trace.error
        yield _plain(
            context, statement, trace, "fails", f"It fails with {code}: {text}", "Fix the statement."
        )
    elif trace.blocks_others:
        yield _plain(
            context,
            statement,
            trace,
            "blocks-while-working",
            describe(trace),
            "Do the work in a transaction of its own that holds no such lock, in batches.",
        )


def _denied(context: RuleContext, statement: Statement, trace: Trace) -> Finding:
    """The remedy: roles and extensions belong to the set-up of the server, the rest not into a migration."""
    message = f"It was not executed, so its effect is unknown: {trace.denied}."
    remedy = (
        "Run it apart from the migrations, as a superuser, if it belongs there; or do without it. "
        "kata runs migrations as the owner of the database."
    )
    found = _plain(context, statement, trace, "needs-superuser", message, remedy)
    return replace(found, confidence="suspected") if is_administrative(statement.text) else found


def _on_made_up_rows(context: RuleContext, statement: Statement, trace: Trace) -> Finding:
    """Advice: whether the rows of the service are like those is not known."""
    code, text = trace.error or ("", "")
    message = f"On rows that kata made up it fails with {code}: {text}. On an empty table it runs."
    remedy = "Count the rows of the real table that it would refuse, before you deploy it."
    found = _plain(context, statement, trace, "fails", message, remedy)
    return replace(found, confidence="suspected", counts={**found.counts, "advice": 1.0})


def _plain(
    context: RuleContext, statement: Statement, trace: Trace, code: str, message: str, remedy: str
) -> Finding:
    titles = {
        "fails": "fails: the statement fails on tables that hold rows",
        "needs-superuser": "needs-superuser: the owner of the database may not run the statement",
        "blocks-while-working": "blocks-while-working: the statement processes the table while its lock blocks others",
    }
    return Finding(
        rule=SLUG,
        confidence="proved",
        title=titles[code],
        message=message,
        statements=(seen([statement]),),
        counts=counts_of(trace) | {"advice": 0.0},
        request=context.request,
        cost=cost_of(trace),
        remedy=remedy,
    )


def describe(trace: Trace) -> str:
    """One or two sentences with what the execution showed."""
    if trace.error is not None:
        return f"Executed, it failed with {trace.error[0]}: {trace.error[1]}."
    locks = ", ".join(
        f"{lock.name} on {lock.table}{' (held since an earlier statement)' if lock.held else ''}"
        for lock in trace.blocking
    )
    work = " and ".join(
        f"{_VERBS[work.kind]} {work.rows:,} rows of {work.table}" for work in trace.whole_tables
    )
    waited = "; ".join(
        f"on {table} a second session could not {' or '.join(_NAMED[kind] for kind in kinds)}"
        for table, kinds in trace.blocked.items()
    )
    said = f"It held {locks}" if locks else "It held no lock that blocks"
    said += f" while it {work}" if work else ""
    return said + (f": {waited}." if waited else ".")


_VERBS = {"scan": "read", "rewrite": "rewrote", "index": "indexed"}


def counts_of(trace: Trace | None) -> dict[str, float]:
    """The work as numbers: rows read, rewritten and indexed."""
    if trace is None:
        return {}
    counts: dict[str, float] = {}
    for work in trace.work:
        name = f"rows_{_VERBS[work.kind]}" if work.kind != "rewrite" else "rows_rewritten"
        counts[name] = counts.get(name, 0.0) + work.rows
    return counts


def cost_of(trace: Trace | None) -> float:
    """Rows processed while others waited; 1 for a failure or a lock alone."""
    if trace is None or not trace.blocking:
        return 1.0
    return float(max(1, sum(work.rows for work in trace.work)))
