"""Suites of the built-in katas obey the house's types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TYPED = ("idempotent-payments", "keyset-pagination", "n-plus-one", "token-auth", "api-design")


@pytest.mark.parametrize("slug", TYPED)
def test_a_suite_is_typed(slug: str) -> None:
    """Each suite in a run of its own: their files share names."""
    suite = ROOT / "katas" / slug / "suite"
    files = sorted(path.name for path in suite.glob("*.py"))
    config = ROOT / "pyproject.toml"
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(config),
        "--cache-dir",
        str(ROOT / ".mypy_cache"),
    ]
    done = subprocess.run([*command, *files], cwd=suite, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
