"""A crash right after a commit: the service has written, and nobody has heard of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from graders.errors import SuiteError
from graders.faults.fault import Fault
from graders.http.client import Answer, TransportFailure
from graders.packs.check_grammar import RequestTemplate, Step
from graders.sandbox.machine import Deadline
from graders.suite.steps.bench import StepBench
from graders.suite.steps.scope import Scope

_SECONDS = 30.0
_PAUSE = 0.05


def crash_after_commit(bench: StepBench, step: Step, scope: Scope) -> None:
    """Send the request, kill the service when its commit has taken effect, and start it again.

    The commit is the first after which `row` (a table and a condition) exists, or one of the tables `changed` differs.
    Raises AssertionError where the request was refused instead (a status of 400 or more), SuiteError where no such
    commit came: then nothing was proved.
    """
    request = step.request
    if request is None:
        raise SuiteError("`crash-after-commit` has no request", hint="add e.g. `post: /orders`")
    proxy = bench.proxy
    fault = proxy.hold_after_commit(_awaited(bench, step, scope))
    answers: list[Answer] = []
    sending = threading.Thread(target=_send, args=(bench, request, scope, answers), daemon=True)
    sending.start()
    _await_fault(fault, sending, answers)
    service = bench.instance()
    service.kill()
    proxy.cut_all()
    sending.join(_SECONDS)
    service.start()


def _await_fault(fault: Fault, sending: threading.Thread, answers: Sequence[Answer]) -> None:
    """Wait for the commit. AssertionError where the service has refused the request instead."""
    deadline = Deadline(_SECONDS, what="the awaited commit")
    while not fault.wait(_PAUSE):
        if not sending.is_alive() and answers and answers[0].status >= 400:
            # A local variable of the function that fails: the evidence shows this answer.
            answer = answers[0]
            what = f"{answer.request.method} {answer.request.target}"
            raise AssertionError(f"{what} was answered {answer.status}, and nothing was committed")
        if deadline.passed:
            fault.must_happen(_PAUSE)


def _send(bench: StepBench, request: RequestTemplate, scope: Scope, answers: list[Answer]) -> None:
    try:
        answers.append(bench.send(request, scope))
    except TransportFailure:
        # It is answered by the crash.
        return


def _awaited(bench: StepBench, step: Step, scope: Scope) -> Callable[[], bool]:
    """A question for a session of its own: it is asked in another thread, while the service's commit is held."""
    database = bench.database
    row = step.argument.get("row")
    if row is not None:
        where, parameters = scope.sql(str(row["where"]))
        query = f'select exists (select from "{row["table"]}" where {where})'

        def exists() -> bool:
            with database.connect() as session:
                found = session.execute(query.encode(), parameters or None).fetchone()
            return bool(found and found["exists"])

        return exists
    tables = [str(table) for table in step.argument.get("changed", ())]
    if not tables:
        raise SuiteError("`crash-after-commit` awaits nothing", hint="add `row:` or `changed: [TABLE]`")
    before = [_content(bench, table) for table in tables]
    return lambda: [_content(bench, table) for table in tables] != before


def _content(bench: StepBench, table: str) -> object:
    """A digest of the table's rows in any order."""
    query = f'select count(*) as n, sum(hashtextextended(t::text, 0)::numeric) as digest from "{table}" as t'
    with bench.database.connect() as session:
        found = session.execute(query.encode()).fetchone()
    return found and (found["n"], found["digest"])
