"""The findings of a log as people read them, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from graders.logs.analysis import Analysis, Ranked
from graders.logs.counts import LogCounts
from graders.logs.needs import NEEDS, OF_PLANS
from graders.logs.source import Notebook
from toolkit.text import escape, number, shorten, wrap
from toolkit.views.evidence import statement_lines
from toolkit.views.paint import Paint
from toolkit.views.prose import pointed

_STYLES = {"proved": "red", "suspected": "yellow"}
_FEW = 10
_INDENT = "    "


def render_analysis(
    analysis: Analysis,
    notebook: Notebook,
    counts: LogCounts,
    sources: Sequence[str],
    paint: Paint,
    *,
    schema: bool = False,
    tenant: bool = False,
    verbose: bool = False,
) -> str:
    """What was read, each finding with its worst case, what could not be read; the costliest first."""
    blocks = [[_heading(analysis, sources, paint)]]
    shown = analysis.findings if verbose else analysis.findings[:_FEW]
    blocks += [_finding(place, one, paint) for place, one in enumerate(shown, start=1)]
    if left := len(analysis.findings) - len(shown):
        blocks.append([paint(f"{left} more findings that cost less: kata --verbose sql …", "dim")])
    blocks.append(_unknown(analysis, paint))
    blocks.append([*_not_understood(counts, paint), *_notes(notebook, paint)])
    silent = [paint(line, "dim") for line in silent_rules(analysis, schema=schema, tenant=tenant)]
    blocks.append([*silent, _summary(analysis, paint)])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def render_analysis_json(analysis: Analysis, notebook: Notebook, counts: LogCounts) -> str:
    """One document, described in docs/formats.md."""
    document = {
        "format": 1,
        "statements": analysis.statements,
        "requests": analysis.requests,
        "entries": counts.entries,
        "other_entries": counts.other,
        "not_understood": counts.unread,
        "gaps": counts.missing,
        "unknown": analysis.unknown,
        "findings": [one.as_json() for one in analysis.findings],
        "unread": [{"sql": one.text, "source": one.source, "line": one.line} for one in analysis.unread],
        "left_out": notebook.count,
        "notes": [str(note) for note in notebook.notes],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _heading(analysis: Analysis, sources: Sequence[str], paint: Paint) -> str:
    named = ", ".join(escape(source) for source in sources)
    counted = f"{number(analysis.statements)} statements in {number(analysis.requests)} requests"
    return f"{paint(shorten(named, max(20, paint.width - len(counted) - 2)), 'bold')}  {counted}"


def _finding(place: int, one: Ranked, paint: Paint) -> list[str]:
    finding = one.finding
    confidence = paint(finding.confidence, _STYLES[finding.confidence])
    lines = [f"{place:>2}  {paint(finding.rule, 'bold')}  {confidence}"]
    lines += [_INDENT + line for line in wrap(escape(finding.title), paint.width - 4)]
    facts = f"seen in {_counted(one.requests, 'request')}"
    if one.cost:
        facts += f", it cost {number(one.cost)} statements or rows more than needed"
    if finding.request:
        facts += f"; worst in {escape(finding.request)}"
    lines += [_INDENT + paint(line, "dim") for line in wrap(facts, paint.width - 4)]
    lines += [_INDENT + line for line in wrap(escape(finding.message, keep_newlines=True), paint.width - 4)]
    for seen in finding.as_json()["statements"][:2]:
        lines += statement_lines(seen, paint)
        if seen.get("source"):
            lines.append(_INDENT + "  " + paint(f"{escape(seen['source'])}:{seen['line']}", "dim"))
    for line in finding.plan[:3]:
        lines.append(_INDENT + "  " + paint(shorten(escape(line), paint.width - 6), "dim"))
    if finding.remedy:
        lines += [_INDENT + line for line in pointed(finding.remedy, paint, paint.width - 4)]
    return [*lines, _INDENT + paint(f"kata sql --explain {finding.rule}", "cyan")]


def _unknown(analysis: Analysis, paint: Paint) -> list[str]:
    if not analysis.unknown:
        return []
    lines = [
        paint(
            f"{_counted(analysis.unknown, 'statement')} could not be parsed; nothing is said of their shape",
            "yellow",
        )
    ]
    for statement in analysis.unread:
        text = shorten(escape(" ".join(statement.text.split())), paint.width - 6)
        lines.append(f"{_INDENT}{text}")
        lines.append(_INDENT + "  " + paint(f"{escape(statement.source)}:{statement.line}", "dim"))
    return lines


def silent_rules(analysis: Analysis, *, schema: bool, tenant: bool) -> list[str]:
    """Which rules could find nothing, and what they would need."""
    given = {"schema": schema, "tenant": tenant, "run": True}
    lines = []
    for need, option in (("schema", "--schema"), ("tenant", "--schema and --tenant")):
        rules = [rule for rule, needed in NEEDS.items() if needed == need]
        if not given[need]:
            lines.append(f"not asked, without {option}: {', '.join(rules)}")
    if not analysis.plans:
        lines.append(f"not asked, without plans (auto_explain): {', '.join(OF_PLANS)}")
    return lines


def _not_understood(counts: LogCounts, paint: Paint) -> list[str]:
    """Entries that hold no statement, or none that could be read: nothing is passed over in silence."""
    lines = []
    if counts.other:
        text = (
            f"{_counted(counts.other, 'entry', 'entries')} about no statement (connections, checkpoints, …)"
        )
        lines.append(paint(text, "dim"))
    if counts.unread:
        text = f"{_counted(counts.unread, 'entry', 'entries')} not understood: findings may be missing"
        lines.append(paint(text, "yellow"))
    if counts.missing:
        text = (
            f"lines of the log are missing in {_counted(counts.missing, 'place')}: is it sampled or filtered?"
        )
        lines.append(paint(text, "yellow"))
    return lines


def _notes(notebook: Notebook, paint: Paint) -> list[str]:
    if not notebook.count:
        return []
    lines = [paint(f"{_counted(notebook.count, 'line')} left out or guessed", "yellow")]
    shown = notebook.notes[:5]
    lines += [_INDENT + escape(str(note)) for note in shown]
    if notebook.count > len(shown):
        lines.append(_INDENT + paint(f"and {number(notebook.count - len(shown))} more", "dim"))
    return lines


def _summary(analysis: Analysis, paint: Paint) -> str:
    if not analysis.findings:
        return paint("Nothing was found.", "green")
    proved = sum(one.finding.confidence == "proved" for one in analysis.findings)
    suspected = len(analysis.findings) - proved
    return f"{_counted(len(analysis.findings), 'finding')}: {proved} proved, {suspected} suspected"


def _counted(count: int, noun: str, many: str = "") -> str:
    return f"{number(count)} {noun if count == 1 else many or noun + 's'}"
