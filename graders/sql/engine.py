"""Runs the rules over recorded statements: one call for all of them or for one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

from graders.sql import rules
from graders.sql.catalog import Catalog
from graders.sql.finding import Confidence, Finding, Occurrence
from graders.sql.judging.answers import decoded, things_in
from graders.sql.judging.rule_context import Measured, RuleContext, by_shape, executions
from graders.sql.plans.hypothetical import TryIndex
from graders.sql.statement import Statement

__all__ = [
    "RULES",
    "Confidence",
    "Finding",
    "Grown",
    "Occurrence",
    "Recorded",
    "context_of",
    "findings_of",
    "unknown_statements",
]


class Recorded(Protocol):
    """Statements in the log's order, such as a recording. It may know its `request` and `answer`."""

    @property
    def all(self) -> Sequence[Statement]: ...


class Grown(Protocol):
    """The same request at several sizes, such as a measured growth."""

    @property
    def sizes(self) -> Sequence[float]: ...
    @property
    def recordings(self) -> Sequence[Recorded]: ...


def findings_of(
    recording: Recorded | Iterable[Statement],
    *,
    rule: str | None = None,
    catalog: Catalog | None = None,
    growth: Grown | Iterable[tuple[float, Recorded | Iterable[Statement]]] | None = None,
    answer: Any = None,
    request: str = "",
    try_index: TryIndex | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[Finding, ...]:
    """The findings of all rules (or of one, by its slug) in the statements of one request, the costliest first.

    `growth`: the same request at two or more sizes, the proof for rules about growth; recordings that know their
    answer are judged by it. `answer`: the HTTP answer, its body or its JSON value. `try_index`: creates an index for
    a statement and rolls it back. `options`: facts that single rules ask for by name. KeyError for a slug that no
    rule has.
    """
    context = context_of(
        recording,
        catalog=catalog,
        growth=growth,
        answer=answer,
        request=request,
        try_index=try_index,
        options=options,
    )
    chosen = RULES.values() if rule is None else (RULES[rule],)
    found = [finding for module in chosen for finding in module.find(context)]
    return tuple(sorted(found, key=lambda finding: (finding.confidence != "proved", -finding.cost)))


def context_of(
    recording: Recorded | Iterable[Statement],
    *,
    catalog: Catalog | None = None,
    growth: Grown | Iterable[tuple[float, Recorded | Iterable[Statement]]] | None = None,
    answer: Any = None,
    request: str = "",
    try_index: TryIndex | None = None,
    options: Mapping[str, Any] | None = None,
) -> RuleContext:
    """The context that `findings_of` gives to the rules."""
    statements = _statements(recording)
    work = executions([statement for statement in statements if not statement.nested])
    return RuleContext(
        statements=statements,
        work=work,
        groups=by_shape(work),
        nested=executions([statement for statement in statements if statement.nested]),
        request=request,
        catalog=catalog,
        growth=_measured(growth),
        answer=decoded(answer),
        try_index=try_index,
        options=options or {},
    )


def unknown_statements(recording: Recorded | Iterable[Statement]) -> tuple[Statement, ...]:
    """The data statements that no parser could read. They are to be counted and shown, never ignored."""
    found = executions(_statements(recording))
    return tuple(execution.statement for execution in found if not execution.shape.known)


def _statements(recording: Recorded | Iterable[Statement]) -> tuple[Statement, ...]:
    if isinstance(recording, Iterable):
        return tuple(recording)
    return tuple(recording.all)


def _measured(growth: Any) -> tuple[Measured, ...]:
    if growth is None:
        return ()
    pairs = zip(growth.sizes, growth.recordings, strict=False) if hasattr(growth, "recordings") else growth
    measured = []
    for size, recording in pairs:
        statements = _statements(recording)
        top = executions([one for one in statements if not one.nested])
        nested = executions([one for one in statements if one.nested])
        answer = decoded(getattr(recording, "answer", None))
        shown = None if answer is None else things_in(answer)
        measured.append(Measured(float(size), top, nested, shown, getattr(recording, "request", "")))
    return tuple(sorted(measured, key=lambda one: one.size))


def _discover() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    modules = {name.replace("_", "-"): importlib.import_module(f"{rules.__name__}.{name}") for name in names}
    return {slug: module for slug, module in modules.items() if hasattr(module, "find")}


class _Rules(Mapping[str, ModuleType]):
    """Every module of `graders.sql.rules` that has `find(context)`, by slug; imported on first use."""

    def __init__(self) -> None:
        self._modules: dict[str, ModuleType] = {}

    def _loaded(self) -> dict[str, ModuleType]:
        if not self._modules:
            self._modules.update(_discover())
        return self._modules

    def __getitem__(self, slug: str) -> ModuleType:
        return self._loaded()[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())


RULES: Mapping[str, ModuleType] = _Rules()
