"""A kata whose extra is not installed: said at the start, by the doctor, and before anything of a test runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from running import Kata

COMMAND = "-m pip install 'schemathesis>="


@pytest.fixture
def with_another_version(kata: Kata, tmp_path: Path) -> Kata:
    """As if another program had installed a schemathesis that kata does not know."""
    metadata = tmp_path / "other" / "schemathesis-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: schemathesis\nVersion: 1.0\n")
    return replace(kata, environment={**kata.environment, "PYTHONPATH": str(tmp_path / "other")})


def test_the_starter_is_made_and_the_command_is_offered(with_another_version: Kata) -> None:
    result = with_another_version("start", "api-design")
    assert result.returncode == 0, result.stderr
    assert "needs the extra `openapi`" in result.stdout and COMMAND in result.stdout
    assert (with_another_version.home / "api-design" / "Procfile").is_file()


def test_a_test_is_refused_before_anything_runs(with_another_version: Kata) -> None:
    with_another_version("start", "api-design")
    result = with_another_version("test", "api-design", "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert "schemathesis>=" in result.stderr and "(is installed as 1.0)" in result.stderr
    assert COMMAND in result.stderr
    assert "Traceback" not in result.stderr


def test_the_doctor_names_the_extra_and_the_katas_that_need_it(with_another_version: Kata) -> None:
    said = " ".join(with_another_version("doctor").stdout.split())
    assert "Extra openapi" in said and "needed by api-design" in said
    assert "install it:" in said and "'schemathesis>=" in said


def test_other_katas_do_not_ask_for_it(with_another_version: Kata) -> None:
    result = with_another_version("start", "n-plus-one")
    assert result.returncode == 0 and "schemathesis" not in result.stdout
