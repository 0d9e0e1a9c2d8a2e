"""The one question asked of all rules: what is wrong with these statements?"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

from graders.sql import rules
from graders.sql.catalog import Catalog
from graders.sql.finding import Confidence, Finding, Occurrence
from graders.sql.judging.rule_context import HypotheticalIndex, Measured, RuleContext, by_shape, executions
from graders.sql.statement import Statement

__all__ = [
    "RULES",
    "Confidence",
    "Finding",
    "Grown",
    "Occurrence",
    "Recorded",
    "findings_of",
    "scene_of",
    "unknown_statements",
]


class Recorded(Protocol):
    """Anything that holds statements in the log's order, such as a recording."""

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
    reference: int | None = None,
    what_if: Callable[[Statement, str], HypotheticalIndex | None] | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[Finding, ...]:
    """What all rules (or one, by its slug) find in the statements of one request, the costliest first.

    `growth`: the same request at two or more sizes, the proof for rules about growth; `answer`: the decoded body of
    the HTTP answer; `reference`: statements that the reference solution needs; `what_if`: tries an index on a copy;
    `options`: facts that single rules ask for by name. KeyError for a slug that no rule has.
    """
    context = scene_of(
        recording,
        catalog=catalog,
        growth=growth,
        answer=answer,
        request=request,
        reference=reference,
        what_if=what_if,
        options=options,
    )
    chosen = RULES.values() if rule is None else (RULES[rule],)
    found = [finding for module in chosen for finding in module.find(context)]
    return tuple(sorted(found, key=lambda finding: (finding.confidence != "proved", -finding.cost)))


def scene_of(
    recording: Recorded | Iterable[Statement],
    *,
    catalog: Catalog | None = None,
    growth: Grown | Iterable[tuple[float, Recorded | Iterable[Statement]]] | None = None,
    answer: Any = None,
    request: str = "",
    reference: int | None = None,
    what_if: Callable[[Statement, str], HypotheticalIndex | None] | None = None,
    options: Mapping[str, Any] | None = None,
) -> RuleContext:
    """What `findings_of` shows to the rules."""
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
        answer=answer,
        has_answer=answer is not None,
        reference=reference,
        what_if=what_if,
        options=options or {},
    )


def unknown_statements(recording: Recorded | Iterable[Statement]) -> tuple[Statement, ...]:
    """The data statements that no parser could read: to be counted and shown, never passed over in silence."""
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
        measured.append(Measured(float(size), top, nested))
    return tuple(sorted(measured, key=lambda one: one.size))


def _discover() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    modules = {name.replace("_", "-"): importlib.import_module(f"{rules.__name__}.{name}") for name in names}
    return {slug: module for slug, module in modules.items() if hasattr(module, "find")}


class _Rules(Mapping[str, ModuleType]):
    """Every module of `graders.sql.rules` that has `find(context)`, by slug; read from disk at the first look."""

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
