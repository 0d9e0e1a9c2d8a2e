"""What the service itself did, as lines: statements with their parameters, requests, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from graders.results.verdicts import Evidence
from toolkit.text import cut, escape, number, shorten, wrap
from toolkit.views.paint import Paint
from toolkit.views.printed import printed_lines
from toolkit.views.steps import step_lines

_INDENT = "    "
_FEW_STATEMENTS, _REPEATED = 3, 3
_FEW_FINDINGS = 3
_FEW_OF_A_RACE = 2
_SQL_LINES, _BODY_LINES = 6, 2
_OUTPUT_LINES = 12
_ANSWERED = "send it again while `kata serve` runs"


def evidence_lines(
    evidence: Evidence, paint: Paint, *, verbose: bool = False, few_requests: int = 2, rest: str = ""
) -> list[str]:
    """The statements and requests behind a failure: the repeated statements where there are any, and the last
    `few_requests` requests; with `verbose` all of both. `rest`: the command that shows all."""
    statements = evidence.statements
    shown = statements if verbose else informative_statements(statements)
    blocks = _statement_blocks(shown, paint)
    requests = distinct_requests(evidence.requests)
    shown_requests = requests if verbose else requests[-few_requests:]
    blocks += [
        request_lines(request, paint, note=_ANSWERED if number == 0 else "")
        for number, request in enumerate(shown_requests)
    ]
    blocks += [_printed(evidence.output, paint, verbose=verbose)]
    blocks += [_proof_lines(evidence.findings if verbose else evidence.findings[:_FEW_FINDINGS], paint)]
    if evidence.unattributed:
        count = number(evidence.unattributed)
        missing = wrap(
            f"{count} entries of PostgreSQL's log belong to no statement shown here", paint.width - 4
        )
        blocks.append([_INDENT + paint(line, "dim") for line in missing])
    if left_out := len(statements) - len(shown) + len(requests) - len(shown_requests):
        steps = [(rest, f"{left_out} more statements and requests")]
        blocks.append(step_lines(steps, paint, indent=_INDENT))
    return [line for block in blocks if block for line in ("", *block)][1:]


def informative_statements(statements: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The repeated ones where there are any, else all, a few at most; the most frequent first, then those that read
    the most rows. Of a race: what was refused, and where the winners met."""
    if any(statement.get("error") or statement.get("transaction") for statement in statements):
        return _of_a_race(statements)
    statements = sorted(
        statements,
        key=lambda statement: (-int(statement.get("times", 1)), -float(statement.get("rows_read", 0))),
    )
    repeated = [statement for statement in statements if int(statement.get("times", 1)) >= _REPEATED]
    return (repeated or statements)[:_FEW_STATEMENTS]


def _of_a_race(statements: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The most frequent refusals, and of each winner the first statements."""
    shown: list[Mapping[str, Any]] = []
    seen: Counter[Any] = Counter()
    for statement in statements:
        group = statement.get("transaction")
        seen[group] += 1
        if (statement.get("error") or group) and seen[group] <= _FEW_OF_A_RACE:
            shown.append(statement)
    return shown


def distinct_requests(requests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last of each request that got the same kind of answer, in order."""
    last = {
        (request.get("curl"), request.get("status"), request.get("note")): request for request in requests
    }
    return list(last.values())


def _statement_blocks(statements: Sequence[Mapping[str, Any]], paint: Paint) -> list[list[str]]:
    """A block for each statement; those of one transaction of a race are one block."""
    blocks: list[list[str]] = []
    before: object = None
    for statement in statements:
        lines, transaction = statement_lines(statement, paint), statement.get("transaction")
        if transaction and transaction == before:
            blocks[-1] += lines[1:]
        else:
            blocks.append(lines)
        before = transaction
    return blocks


def statement_lines(statement: Mapping[str, Any], paint: Paint) -> list[str]:
    """A statement with how often it ran and two of its parameter sets."""
    times = int(statement.get("times", 1))
    rows = () if statement.get("transaction") else _ROWS
    facts = [f"{number(float(statement[key]))} {label}" for key, label in rows if statement.get(key)]
    lines = [
        _INDENT
        + paint(statement_heading(statement), "bold")
        + (paint(f"  ({', '.join(facts)})", "dim") if facts else "")
    ]
    lines += _sql(str(statement.get("sql", "")), paint)
    sets = parameter_sets(statement.get("parameters"))[:2]
    for values in sets:
        text = ", ".join(f"${place} = {_value(value)}" for place, value in enumerate(values, start=1))
        lines.append(_INDENT + "  " + paint(shorten(f"with {text}", paint.width - 6), "yellow"))
    if sets and times > len(sets):
        lines.append(_INDENT + "  " + paint(f"and {times - len(sets)} more times", "dim"))
    return lines


def statement_heading(statement: Mapping[str, Any]) -> str:
    """What became of a statement: how often it ran, with what it was refused, or who ran it in a race."""
    times = int(statement.get("times", 1))
    where = " inside a function or trigger" if statement.get("nested") else ""
    often = f" {times} times" if times > 1 else ""
    if statement.get("error"):
        return f"PostgreSQL refused this{often} with {escape(str(statement['error']))}"
    if statement.get("transaction"):
        return f"Transaction {statement['transaction']} of the race, committed{where}"
    return f"PostgreSQL ran this{often}{where}"


_ROWS = (("rows_sent", "rows sent"), ("rows_read", "rows read"))


def parameter_sets(parameters: Any) -> list[list[Any]]:
    """Evidence may carry one list of bound values or several: always several, each once, empty ones left out."""
    if not isinstance(parameters, Sequence) or isinstance(parameters, str) or not parameters:
        return []
    if not all(isinstance(entry, Sequence) and not isinstance(entry, str) for entry in parameters):
        return [list(parameters)]
    distinct: list[list[Any]] = []
    for entry in parameters:
        if entry and list(entry) not in distinct:
            distinct.append(list(entry))
    return distinct


def request_lines(request: Mapping[str, Any], paint: Paint, *, note: str = "") -> list[str]:
    """What was sent, as a curl line that sends it again, and what came back. `note` is part of the heading."""
    lines = [_INDENT + paint("Request", "bold") + (paint(f"  ({note})", "dim") if note else "")]
    curl = escape(str(request.get("curl", "")))
    lines += [_INDENT + "  " + paint(line, "cyan") for line in _whole(curl)]
    if request.get("note"):
        lines += [_INDENT + "  " + line for line in wrap(escape(str(request["note"])), paint.width - 6)]
    elif request.get("status") is not None:
        room = paint.width - 6
        body = escape(" ".join(str(request.get("body") or "").split()))
        answer = cut(shorten(f"{paint.sign('arrow')} {request['status']} {body}", _BODY_LINES * room), room)
        lines += [_INDENT + "  " + paint(line, "dim") for line in answer]
    return lines


def _printed(output: str, paint: Paint, *, verbose: bool) -> list[str]:
    lines = output.splitlines()
    if not lines:
        return []
    shown = lines if verbose else lines[-_OUTPUT_LINES:]
    left_out = len(lines) - len(shown)
    more = paint(f"  (the last {len(shown)} of {len(lines)} lines)", "dim") if left_out else ""
    heading = _INDENT + paint("Output of the service during this check", "bold") + more
    return [heading, *printed_lines(shown, paint, indent=_INDENT + "  ")]


def _proof_lines(findings: Sequence[Mapping[str, Any]], paint: Paint) -> list[str]:
    """What the rules proved by these statements, each with the statement that would change it."""
    lines = [_INDENT + paint("Proved", "bold")] if findings else []
    for finding in findings:
        title = escape(str(finding.get("title") or finding.get("rule", "")))
        lines += [_INDENT + "  " + line for line in wrap(title, paint.width - 6)]
        lines += _remedy_lines(finding, paint)
    return lines


def _remedy_lines(finding: Mapping[str, Any], paint: Paint) -> list[str]:
    remedy = escape(str(finding.get("remedy") or ""))
    arrow = paint.sign("arrow")
    return [f"{_INDENT}  {arrow} {line}" for line in wrap(remedy, paint.width - 8)] if remedy else []


def finding_lines(finding: Mapping[str, Any], paint: Paint) -> list[str]:
    """A finding with its remedy, and the page that explains it."""
    rule, title = escape(str(finding.get("rule", ""))), escape(str(finding.get("title", "")))
    mark = paint(paint.sign("dot"), "yellow")
    lines = [
        f"    {mark} {title or rule} {paint('(' + str(finding.get('confidence', 'suspected')) + ')', 'dim')}"
    ]
    if message := finding.get("message"):
        lines += [
            "      " + paint(line, "dim")
            for line in wrap(escape(str(message), keep_newlines=True), paint.width - 6)
        ]
    lines += _remedy_lines(finding, paint)
    return [*lines, f"      {paint(f'kata explain {rule}', 'cyan')}"]


def _sql(text: str, paint: Paint) -> list[str]:
    lines = wrap(escape(" ".join(text.split())), paint.width - 6)
    shown = lines[:_SQL_LINES]
    if len(lines) > _SQL_LINES:
        shown[-1] = shorten(shown[-1], paint.width - 8) + " ..."
    return [f"{_INDENT}  {line}" for line in shown]


def _value(value: Any) -> str:
    if value is None:
        return "NULL"
    return shorten(escape(f"'{value}'" if isinstance(value, str) and not value.isdigit() else str(value)), 60)


def _whole(command: str) -> list[str]:
    # A command is not wrapped: it is there to be copied, and the terminal folds it without breaking it.
    return command.splitlines() or [""]
