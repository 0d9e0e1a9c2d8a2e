"""The build step runs where the service will run; what it says is the learner's, how long it takes is nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.errors import SandboxError
from graders.sandbox.process import ProcessSandbox
from graders.submission import building
from graders.submission.building import build
from graders.submission.failures import ServiceFailure
from graders.submission.missing_modules import pointed_to
from graders.submission.service import Deadlines, Terms


@pytest.fixture
def terms(tmp_path: Path) -> Terms:
    (tmp_path / "work").mkdir()
    return Terms(
        root=tmp_path / "work",
        private=tmp_path / "private",
        sandbox=ProcessSandbox(),
        database_url="postgresql://app:secret@127.0.0.1:1/kata",
        deadlines=Deadlines(ready=1),
        variables={"MODE": "on {postgres.port} in {environment}"},
        values={"environment": "/environment"},
    )


def test_commands_run_in_turn_with_the_service_s_variables(terms: Terms) -> None:
    build(['echo "$MODE" > built', "cat built built > twice"], terms)
    assert (terms.root / "twice").read_text() == "on 1 in /environment\n" * 2


def test_a_command_that_fails_ends_the_build_with_its_output(terms: Terms) -> None:
    with pytest.raises(ServiceFailure) as raised:
        build(["echo 'App.java:3: error: ; expected'; exit 2", "touch later"], terms)
    assert raised.value.code == "build-failed"
    assert "with exit code 2" in raised.value.message
    assert "App.java:3" in raised.value.output
    assert not (terms.root / "later").exists()


def test_a_build_that_does_not_end_is_nobody_s_fault(terms: Terms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "BUILD_SECONDS", 0.3)
    with pytest.raises(SandboxError, match="was not done after"):
        build(["sleep 600"], terms)


@pytest.mark.parametrize(
    ("printed", "pointed"),
    [
        ("ModuleNotFoundError: No module named 'redis'", True),
        ("ModuleNotFoundError: No module named 'app.routes'", False),
        ("ModuleNotFoundError: No module named 'shop'", False),
        ("ValueError: nothing of the kind", False),
    ],
)
def test_a_module_that_is_not_installed_points_to_requirements(
    tmp_path: Path, printed: str, pointed: bool
) -> None:
    import re

    (tmp_path / "app").mkdir()
    (tmp_path / "shop.py").touch()
    pattern = re.compile(r"No module named '([\w.]+)'")
    with pytest.raises(ServiceFailure) as raised, pointed_to("requirements.txt", pattern, tmp_path):
        raise ServiceFailure("exited", "It ended.", hint="Read it.", output=printed)
    start = "`redis` is not installed: add its package to requirements.txt. " if pointed else ""
    assert raised.value.hint == f"{start}Read it."
