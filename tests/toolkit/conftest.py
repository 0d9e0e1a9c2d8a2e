"""A `kata` as a user has it: its own process, its own directories, the tiny pack and the built-in one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from running import TINY, Kata


@pytest.fixture
def kata(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Kata:
    # One cache for all workers: a database template is made once, whoever comes first.
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KATA_", "_KATA"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        kept.pop(name, None)
    places = {
        "KATA_DATA_DIR": str(tmp_path / "data"),
        "KATA_STATE_DIR": str(tmp_path / "state"),
        "KATA_CONFIG_DIR": str(tmp_path / "config"),
        "KATA_CACHE_DIR": str(shared / "kata-toolkit-cache"),
        "PYTHONIOENCODING": "utf-8",
    }
    return Kata({**kept, **places}, home)


@pytest.fixture
def tiny(kata: Kata) -> Kata:
    """The same, with the tiny pack named in the settings file."""
    config = Path(kata.environment["KATA_CONFIG_DIR"])
    config.mkdir()
    (config / "settings.yaml").write_text(f"packs: [{TINY}]\n")
    return kata
