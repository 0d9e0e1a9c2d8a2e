"""Names under which suites of older packs import: they keep working in the suite's process.

`author check` lists each use of one, with the import from `graders.suite.api` that replaces it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import MappingProxyType, ModuleType
from typing import Any

_LIBRARY = "graders.suite.library"
_RENAMED_GATE = {"StartingGate": "LockGate", "ShutGate": "HeldGate", "Crowd": "GateStatus"}

# The module of 0.1 -> the module that has its contents now, and those of its names that changed too.
MOVED: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "graders.client": ("graders.http.client", {}),
        "graders.database": ("graders.backing.postgres.session", {}),
        "graders.evidence": ("graders.suite.evidence", {}),
        "graders.fault": ("graders.faults.fault", {}),
        "graders.http_message": ("graders.http.message", {}),
        "graders.instances": ("graders.suite.instances", {}),
        "graders.likeness": (f"{_LIBRARY}.response_diff", {}),
        "graders.matrix": (f"{_LIBRARY}.access_matrix", {}),
        "graders.measure": ("graders.suite.metering", {}),
        "graders.openapi": (f"{_LIBRARY}.openapi", {"Finding": "Disagreement"}),
        "graders.reading": (
            f"{_LIBRARY}.responses",
            {"Shown": "JsonObject", "shown": "json_object", "told": "abbreviate"},
        ),
        "graders.sql.canary": ("graders.sql.judging.canary", {}),
        "graders.sql.costs": ("graders.sql.plans.costs", {}),
        "graders.sql.fingerprint": ("graders.sql.text.fingerprint", {}),
        "graders.sql.growth": ("graders.sql.activity.growth", {}),
        "graders.sql.plan": ("graders.sql.plans.plan", {}),
        "graders.sql.recording": ("graders.sql.activity.recording", {}),
        "graders.starting_gate": ("graders.faults.lock_gate", _RENAMED_GATE),
        "graders.sweeps": (f"{_LIBRARY}.secret_scan", {"Cell": "StoredValue"}),
        "graders.together": ("graders.suite.concurrency", {}),
        "graders.wire": ("graders.faults.database_proxy", {"Wire": "DatabaseProxy", "wire": "open_database_proxy"}),
        "graders.wire_protocol": ("graders.faults.protocol", {}),
    }
)  # fmt: skip
# Modules that suites imported from and that still have this name.
STILL_THERE = frozenset({"graders.errors", "graders.sql.statement"})
FIXTURES: Mapping[str, str] = MappingProxyType({"wire": "proxy"})


def is_old(module: str) -> bool:
    """Whether suites of older packs may import from this module."""
    return module in MOVED or module in STILL_THERE


def resolve(module: str, name: str = "") -> Any:
    """What `module`, or `name` in it, is now; both may be old. Raises ImportError or AttributeError."""
    place, renamed = MOVED.get(module, (module, {}))
    found = importlib.import_module(place)
    return getattr(found, renamed.get(name, name)) if name else found


def install() -> None:
    """Let this process import the old names."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


class _Finder(MetaPathFinder):
    """Comes last, so it is asked only for what no file provides."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        return ModuleSpec(fullname, _Loader()) if fullname in MOVED else None


class _Loader(Loader):
    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        module.__doc__ = f"The old name of {MOVED[name][0]}."
        # A module's own __getattr__ is asked for each name that it lacks (PEP 562).
        setattr(module, "__getattr__", lambda attribute: _attribute(name, attribute))  # noqa: B010


def _attribute(module: str, name: str) -> Any:
    # With the real module's `__path__`, an import of a submodule would load a second copy of it.
    if name.startswith("__") and name != "__all__":
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return resolve(module, name)
