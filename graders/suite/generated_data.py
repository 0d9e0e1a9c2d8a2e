"""Hypothesis in a suite's process: its examples follow from the run's seed. Most suites never import it, and its import
takes as long as a quarter of the checks do, so it is settled when somebody imports it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

_NAME = "hypothesis"


def settle_generated_data(seed: int) -> None:
    """Have hypothesis make its examples from `seed` alone, now or as soon as it is imported."""
    if _NAME in sys.modules:
        _settle(seed)
    else:
        sys.meta_path.insert(0, _AtItsImport(seed))


class _AtItsImport(MetaPathFinder):
    def __init__(self, seed: int) -> None:
        self._seed = seed

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for every module but hypothesis, which is found as ever and settled once it is there."""
        if name != _NAME:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Settling(spec.loader, self._seed)
        return spec


class _Settling(Loader):
    """A loader after which hypothesis is settled: a decorator takes the settings that hold where it is used."""

    def __init__(self, loader: Loader, seed: int) -> None:
        self._loader = loader
        self._seed = seed

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _settle(self._seed)


def _settle(seed: int) -> None:
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "kata",
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("kata")
    import hypothesis.core

    # Every example follows from the run's seed, which the report prints.
    setattr(hypothesis.core, "global_force_seed", seed)  # noqa: B010
