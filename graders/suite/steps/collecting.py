"""How pytest finds checks in YAML: each file of checks becomes a module with one function a check."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from graders.packs.check_grammar import DeclaredCheck, DeclaredSuite
from graders.packs.declared_checks import read_declared


def collect_declared(file: Path, parent: pytest.Collector) -> pytest.Module | None:
    """The module of a YAML file with checks; None for any other file."""
    if file.suffix != ".yaml" or not file.name.startswith(("open_", "sealed_")):
        return None
    module: pytest.Module = DeclaredModule.from_parent(parent, path=file)
    return module


class DeclaredModule(pytest.Module):
    """The checks of one YAML file as functions `check_<id>`."""

    def _getobj(self) -> ModuleType:
        declared = read_declared(self.path.parent)
        module = ModuleType(self.path.stem)
        for check in declared.checks:
            if check.place.file == self.path.name:
                setattr(module, f"check_{check.id.replace('-', '_')}", _function(check, declared))
        return module


def _function(check: DeclaredCheck, declared: DeclaredSuite) -> Any:
    def run(request: pytest.FixtureRequest) -> None:
        from graders.suite.steps.bench import StepBench
        from graders.suite.steps.performer import Performer

        Performer(check, declared.blocks, StepBench(request)).run()

    run.__doc__ = f"The check `{check.id}` of {check.place}."
    return run
