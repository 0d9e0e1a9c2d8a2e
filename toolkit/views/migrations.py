"""Checked migrations as people read them, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.text import escape, number, shorten, wrap
from toolkit.views.paint import Paint
from toolkit.views.prose import pointed

if TYPE_CHECKING:
    from graders.migrations.check import Checked, CheckedAll
    from graders.migrations.records import MigrationStep
    from graders.sql.ddl.trace import Trace
    from graders.sql.finding import Finding

_INDENT = "    "


def render_checked(checked: CheckedAll, rows: int, paint: Paint, *, verbose: bool = False) -> str:
    """Each migration with its statements, what they locked and did, and what to do instead."""
    blocks = [_migration(one, paint, verbose) for one in checked.migrations]
    if checked.stand_ins:
        blocks.append(_stand_ins(checked.stand_ins, paint, verbose))
    if checked.denied:
        blocks.append(_denied(checked.denied, paint))
    if checked.left:
        blocks.append(
            [paint(f"{number(len(checked.left))} more were not run: the time (--budget) is over", "yellow")]
        )
    failed = len(checked.not_judged) - len(checked.left)
    if failed:
        said = f"of {number(failed)} migrations not every statement ran: what did not is not judged"
        blocks.append([paint(said, "yellow")])
    blocks.append([_summary(checked, rows, paint)])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def render_checked_json(checked: CheckedAll, rows: int) -> str:
    """One document: a migration holds its statements with their traces, its findings and what it does not undo."""
    document = {
        "format": 1,
        "rows": rows,
        "stand_ins": list(checked.stand_ins),
        "schema_denied": list(checked.denied),
        "unwatched": checked.unwatched,
        "not_run": len(checked.not_judged),
        "migrations": [_as_json(one) for one in checked.migrations],
        "findings": [finding.as_json() for finding in checked.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _migration(one: Checked, paint: Paint, verbose: bool) -> list[str]:
    fails = any(finding.is_fault for finding in one.findings)
    sign, style = ("failed", "red") if fails else ("passed", "green")
    lines = [f"{paint(paint.sign(sign), style, 'bold')} {paint(escape(one.migration.name), 'bold')}"]
    for step, trace in zip(one.migration.up, one.traces, strict=True):
        found = [finding for finding in one.findings if _is_of(finding, step)]
        if verbose or any(not finding.is_advice for finding in found) or trace.error or trace.denied:
            lines += _step(step, trace, found, paint, verbose)
    lines += [_INDENT + paint(f"no rows for {escape(problem)}", "yellow") for problem in one.unfilled]
    lines += _undo(one, paint)
    return lines


def _is_of(finding: Finding, step: MigrationStep) -> bool:
    return any(
        seen.line == step.line and seen.source == step.file and seen.sql == step.text
        for seen in finding.statements
    )


def _step(
    step: MigrationStep, trace: Trace, found: Sequence[Finding], paint: Paint, verbose: bool
) -> list[str]:
    text = shorten(escape(" ".join(step.text.split())), paint.width - 4)
    place = f"{escape(step.file)}:{step.line}"
    under = wrap(f"{place}  {_trace_in_words(trace)}", paint.width - 4)
    lines = [_INDENT + text, *(_INDENT + paint(line, "dim") for line in under)]
    for finding in found:
        if finding.is_advice and not verbose:
            continue
        mark = "advice" if finding.is_advice else finding.confidence
        style = "dim" if finding.is_advice else "red" if finding.confidence == "proved" else "yellow"
        code, _, what = finding.title.partition(": ")
        lines.append(f"{_INDENT}  {paint(mark, style)}  {paint(escape(code), 'bold')}")
        lines += [
            f"{_INDENT}    {line}" for line in wrap(escape(f"{what[:1].upper()}{what[1:]}."), paint.width - 8)
        ]
        if finding.confidence == "proved":
            lines += [
                f"{_INDENT}    {line}"
                for line in wrap(escape(finding.message, keep_newlines=True), paint.width - 8)
            ]
        lines += [f"{_INDENT}    {line}" for line in pointed(finding.remedy, paint, paint.width - 8)]
    return lines


def _trace_in_words(trace: Trace) -> str:
    if not trace.reached:
        return "not run"
    if trace.denied:
        return "not run, it needs a superuser"
    if trace.made_up and trace.error is not None:
        return f"failed with {trace.error[0]} on a table with rows, ran on an empty one"
    if trace.error is not None:
        return f"failed with {trace.error[0]}"
    said = [f"{lock.name} on {lock.table}" for lock in trace.locks]
    verbs = {"scan": "read", "rewrite": "rewrote", "index": "indexed"}
    said += [f"{verbs[work.kind]} {number(work.rows)} rows of {work.table}" for work in trace.work]
    said += [f"locked {number(rows)} rows of {table}" for table, rows in trace.row_locks.items()]
    if trace.filled:
        said.append("needed other values in its rows first")
    return escape(", ".join(said)) or "touched no table that was there before"


def _undo(one: Checked, paint: Paint) -> list[str]:
    if one.undo is None:
        return []
    if not one.undo:
        return [_INDENT + paint("up, down, up gives the same schema", "dim")]
    lines = [_INDENT + paint("up, down, up does not give the same schema", "yellow")]
    return lines + [f"{_INDENT}  {escape(line)}" for line in one.undo[:10]]


def _stand_ins(made: Sequence[str], paint: Paint, verbose: bool) -> list[str]:
    lines = [paint("Made up, because no migration made it before (name it with --schema):", "dim")]
    shown = made if verbose else made[:6]
    lines += [paint(_INDENT + shorten(escape(one), paint.width - 4), "dim") for one in shown]
    return lines + (
        [paint(f"{_INDENT}and {len(made) - len(shown)} more", "dim")] if len(made) > len(shown) else []
    )


def _denied(places: Sequence[str], paint: Paint) -> list[str]:
    title = "Left out of the schema, with PostgreSQL's reason:"
    return [paint(title, "yellow"), *(_INDENT + escape(place) for place in places)]


def _summary(checked: CheckedAll, rows: int, paint: Paint) -> str:
    proved = [one for one in checked.findings if one.is_fault]
    suspected = [one for one in checked.findings if one.confidence == "suspected" and not one.is_advice]
    ran = f"{len(checked.migrations)} run on tables of {number(rows)} rows"
    if checked.unwatched:
        ran = f"{ran} (after {number(checked.unwatched)} earlier ones)"
    if not proved and not suspected and checked.not_judged:
        return paint(f"{ran}: nothing was found in what ran", "yellow")
    if not proved and not suspected:
        return paint(f"{ran}: nothing blocks and nothing breaks", "green")
    return f"{ran}: {len(proved)} proved, {len(suspected)} suspected; kata sql --explain unsafe-migration"


def _as_json(one: Checked) -> dict[str, object]:
    return {
        "name": one.migration.name,
        "tool": one.migration.tool,
        "wrapped": one.migration.wrapped,
        "statements": [
            {"sql": step.text, "file": step.file, "line": step.line, **trace.as_json()}
            for step, trace in zip(one.migration.up, one.traces, strict=True)
        ],
        "findings": [finding.as_json() for finding in one.findings],
        "undo": None if one.undo is None else list(one.undo),
        "unfilled": list(one.unfilled),
    }
