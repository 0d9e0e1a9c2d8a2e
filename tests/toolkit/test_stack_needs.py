"""A stack that needs a program says so before, at and after the start: node-express and its Node.js."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from running import Kata

HINT = "install Node.js 20 or later"


@pytest.fixture
def without_node(kata: Kata, tmp_path: Path) -> Kata:
    (tmp_path / "empty").mkdir()
    return replace(kata, environment={**kata.environment, "PATH": str(tmp_path / "empty")})


@pytest.fixture
def with_old_node(kata: Kata, tmp_path: Path) -> Kata:
    node = tmp_path / "node-18" / "node"
    node.parent.mkdir()
    node.write_text("#!/bin/sh\necho v18.20.4\n")
    node.chmod(0o755)
    return replace(kata, environment={**kata.environment, "PATH": f"{node.parent}:/usr/bin:/bin"})


def test_the_starter_is_made_without_node_and_says_what_is_missing(without_node: Kata) -> None:
    result = without_node("start", "n-plus-one", "--stack", "node-express")
    assert result.returncode == 0
    assert "! `node` is not on PATH; this stack needs 20 or later" in result.stdout
    assert HINT in result.stdout
    assert (without_node.home / "n-plus-one" / "package-lock.json").is_file()


def test_a_test_without_node_is_refused_in_a_sentence(without_node: Kata) -> None:
    without_node("start", "n-plus-one", "--stack", "node-express")
    result = without_node("test", "n-plus-one")
    assert result.returncode == 2
    assert "`node` is not on PATH" in result.stderr
    assert HINT in result.stderr
    assert "Traceback" not in result.stderr


def test_an_old_node_is_named_with_its_place_and_version(with_old_node: Kata) -> None:
    result = with_old_node("start", "n-plus-one", "--stack", "node-express")
    assert result.returncode == 0
    assert "node-18/node` is 18.20.4; this stack needs 20 or later" in result.stdout


def test_the_doctor_notes_which_stacks_cannot_run(without_node: Kata) -> None:
    result = without_node("doctor")
    assert "`node` is not on PATH" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
