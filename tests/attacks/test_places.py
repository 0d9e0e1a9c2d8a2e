"""The places where kata keeps things, spoilt: no run is lost for it, and nothing of a traceback is shown."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from running import TINY, Kata

HONEST = """
def greetings(connection, word, limit):
    rows = connection.execute("select name from people order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
"""


@pytest.fixture
def kata(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Kata:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KATA_")}
    environment |= {f"KATA_{name}_DIR": str(tmp_path / name.lower()) for name in ("DATA", "STATE", "CONFIG")}
    environment["KATA_CACHE_DIR"] = str(shared / "kata-cache")
    return Kata(environment, tmp_path)


@pytest.fixture
def repository(kata: Kata, tmp_path: Path) -> Path:
    started = kata("--pack", TINY, "start", "greeting", "repository")
    assert started.returncode == 0, started.stderr
    (tmp_path / "repository" / "greetings.py").write_text(HONEST)
    return tmp_path / "repository"


@pytest.mark.parametrize("spoilt", ["file in the place of the folder", "file that is not a record"])
def test_a_record_that_cannot_be_used_costs_nobody_a_result(
    kata: Kata, repository: Path, spoilt: str
) -> None:
    data = repository.parent / spoilt
    if "folder" in spoilt:
        data.write_text("not a folder")
    else:
        data.mkdir()
        (data / "progress.sqlite").write_bytes(os.urandom(5000))
    judged = kata("--pack", TINY, "test", repository, KATA_DATA_DIR=str(data))
    assert "100 of 100" in judged.stdout
    assert judged.returncode == 0
    assert str(data) in judged.stderr and "of your attempts" in judged.stderr
    assert "Traceback" not in judged.stderr


def test_a_cache_that_cannot_be_made_is_named(kata: Kata, repository: Path) -> None:
    judged = kata("--pack", TINY, "test", repository, KATA_CACHE_DIR=str(repository / "Procfile"))
    assert judged.returncode == 2
    assert "KATA_CACHE_DIR" in judged.stderr and "itself went wrong" not in judged.stderr


def test_a_folder_that_no_longer_exists_is_reported(kata: Kata, repository: Path) -> None:
    removed = repository / "removed"
    removed.mkdir()
    answer = subprocess.run(
        ["/bin/sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", *kata.command("test")],
        cwd=removed,
        env=kata.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "no longer exists" in answer.stderr
