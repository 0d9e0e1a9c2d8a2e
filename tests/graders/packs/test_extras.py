"""Optional dependencies: the two lists that name them agree, and what is missing is named."""

from __future__ import annotations

import importlib.metadata
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from graders.errors import PackError, UsageError
from graders.packs.extras import EXTRAS, install_command, lacks_of, require_extras
from graders.packs.loader import load_kata, open_packs

ROOT = Path(__file__).parents[3]


def test_the_extras_are_those_of_pyproject() -> None:
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    written.pop("dev")
    assert {name: tuple(requirements) for name, requirements in written.items()} == EXTRAS


def test_what_is_installed_here_fits() -> None:
    assert lacks_of(EXTRAS) == ()


def test_an_absent_and_an_unfitting_version_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "schemathesis":
            raise importlib.metadata.PackageNotFoundError(name)
        return "99.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    kata = next(kata for kata in open_packs().katas() if kata.environment.extras)
    with pytest.raises(UsageError) as caught:
        require_extras(kata)
    assert f"`{kata.slug}` needs the extra `openapi`" in caught.value.message
    assert "schemathesis" in caught.value.message and "is not installed" in caught.value.message
    assert "is installed as 99.0" in caught.value.message
    assert caught.value.hint == f"install it: {install_command(['openapi'])}"
    require_extras(replace(kata, environment=replace(kata.environment, extras=())))


def test_the_command_can_be_pasted_into_a_shell() -> None:
    assert "'schemathesis>=" in install_command(["openapi"])


def test_an_unknown_extra_is_named_with_its_place(tmp_path: Path) -> None:
    kata = next(kata for kata in open_packs().katas() if kata.environment.extras)
    text = (kata.folder / "kata.yaml").read_text().replace("extras: [openapi]", "extras: [graphql]")
    folder = tmp_path / kata.slug
    folder.mkdir()
    (folder / "kata.yaml").write_text(text)
    with pytest.raises(PackError, match=r"kata\.yaml:\d+:\d+: `graphql` is not an extra of kata"):
        load_kata(folder)
