"""A kata of somebody else's pack: started once with `--pack`, then used as if it were built in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from running import TINY, Kata

REFERENCE = "solutions/reference/greetings.py"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "a pack: 'tiny'"))


@pytest.fixture
def repository(kata: Kata, pack: Path) -> Path:
    done = kata("--pack", pack, "start", "greeting")
    assert done.returncode == 0, done.stderr
    return kata.home / "greeting"


def test_every_verb_works_in_the_repository_as_it_is_printed(
    kata: Kata, repository: Path, pack: Path
) -> None:
    red = kata("test", cwd=repository)
    assert red.returncode == 1, red.stderr
    assert "✗ cost-is-flat" in red.stdout
    for arguments in (
        ("hint", "cost-is-flat"),
        ("explain", "cost-is-flat"),
        ("explain",),
        ("show",),
        ("status",),
        ("report",),
        ("reset",),
        ("solution", "--give-up"),
    ):
        done = kata(*arguments, cwd=repository)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
    shutil.copy(pack / "katas/greeting" / REFERENCE, repository / "greetings.py")
    assert kata("test", repository).returncode == 0
    assert "greeting" in kata("list", cwd=repository).stdout
    assert "greeting" not in kata("list").stdout


def test_its_slug_is_known_from_then_on(kata: Kata, repository: Path) -> None:
    assert kata("show", "greeting").returncode == 0
    assert kata("hint", "cost-is-flat", "--kata", "greeting").returncode == 0
    again = kata("start", "greeting", "again")
    assert again.returncode == 0, again.stderr
    assert (kata.home / "again" / ".kata.yaml").read_text() == (repository / ".kata.yaml").read_text()


def test_a_solution_written_elsewhere_knows_its_pack(kata: Kata, pack: Path) -> None:
    written = kata("--pack", pack, "solution", "greeting", "--give-up", "--into", "solved")
    assert written.returncode == 0, written.stderr
    done = kata("test", cwd=kata.home / "solved")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_pack_in_the_settings_and_on_the_command_line_is_one(tiny: Kata) -> None:
    done = tiny("--pack", TINY, "--pack", f"{TINY}/../tiny", "start", "greeting")
    assert done.returncode == 0, done.stderr
    inside = tiny("show", cwd=tiny.home / "greeting")
    assert inside.stdout.endswith("Next  kata test\n"), inside.stderr
    assert tiny("show", "greeting").stdout.endswith("Next  kata start greeting\n")


def test_a_pack_that_moved_is_named_with_what_to_do(kata: Kata, repository: Path, pack: Path) -> None:
    pack.rename(pack.with_name("moved"))
    done = kata("test", cwd=repository)
    assert done.returncode == 2
    assert f"comes from the pack {pack}, which is not there" in done.stderr
    assert "--pack DIR" in done.stderr
    assert kata("--pack", pack.with_name("moved"), "show", cwd=repository).returncode == 0


def test_a_repository_cannot_name_a_pack_that_its_grader_never_used(
    kata: Kata, repository: Path, pack: Path
) -> None:
    evil = Path(shutil.copytree(pack, pack.with_name("evil")))
    (evil / "katas/greeting/suite/open_greetings.py").write_text("def check_greets_by_name():\n    pass\n")
    marker = repository / ".kata.yaml"
    marker.write_text(f'format: 1\nkata: greeting\nstack: python-plain\npack: "{evil}"\n')
    done = kata("test", repository)
    assert done.returncode == 2
    assert "which this user has not used before" in done.stderr
    assert "a pack runs code on this machine" in done.stderr


def test_a_record_of_packs_that_cannot_be_read_is_no_obstacle(kata: Kata, repository: Path) -> None:
    record = Path(kata.environment["KATA_DATA_DIR"]) / "packs.txt"
    assert record.read_text()
    record.write_bytes(b"\xff\xfe\n")
    assert kata("list").returncode == 0
    done = kata("show", cwd=repository)
    assert done.returncode == 2
    assert "--pack DIR" in done.stderr


def test_the_place_of_a_pack_is_no_part_of_the_submission(kata: Kata, repository: Path, pack: Path) -> None:
    import json

    moved = Path(shutil.copytree(pack, pack.with_name("copy")))
    one = json.loads(kata("test", "--only", "greets-by-name", "--json", cwd=repository).stdout)
    kata("--pack", moved, "start", "greeting", "other")
    other = json.loads(
        kata("--pack", moved, "test", "--only", "greets-by-name", "--json", cwd=kata.home / "other").stdout
    )
    assert one["submission_digest"] == other["submission_digest"]
