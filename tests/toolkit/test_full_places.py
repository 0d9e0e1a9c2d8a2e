"""A full output, disk or process table, and a machine without loopback: a sentence and an exit code for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import TINY, Kata

from toolkit.verbs import VERBS

FULL = Path("/dev/full")
SOMEBODY = 54322
PATIENCE = 300.0
HARMLESS = [
    ["--version"], ["-V"], ["--help"], ["list"], ["list", "--json"], ["list", "--track", "core"], ["show", "greeting"],
    ["explain", "n-plus-one"], ["doctor"], ["status"], ["status", "--skills"], ["skills"], ["version"], ["help"],
    ["sql", os.devnull], ["sql", "--explain", "n-plus-one"], ["migrate-check", "--explain", "unsafe-migration"],
    *([verb.name, "--help"] for verb in VERBS),
]  # fmt: skip
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount, or leave a network")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", HARMLESS, ids=" ".join)
def test_an_output_that_is_full_is_named(arguments: list[str], tiny: Kata) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            tiny.command(*arguments),
            env=tiny.environment,
            cwd=tiny.home,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 3, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr and "went wrong" not in done.stderr


def mounted(place: Path, size: str) -> Iterator[Path]:
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("cannot mount a small file system here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    for place in mounted(tmp_path / "disk", "256k"):
        with (place / "fill").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        yield place


@root_only
@pytest.mark.parametrize("arguments", [["list"], ["show", "greeting"]], ids=str)
def test_a_full_data_directory_does_not_stop_who_only_reads(
    arguments: list[str], tiny: Kata, full_disk: Path
) -> None:
    assert tiny(*arguments, KATA_DATA_DIR=str(full_disk)).returncode == 0


@root_only
def test_a_full_data_directory_is_named_by_who_writes(tiny: Kata, full_disk: Path) -> None:
    done = tiny("start", "greeting", "--no-git", KATA_DATA_DIR=str(full_disk))
    assert (tiny.home / "greeting" / "README.md").is_file()
    assert "KATA_DATA_DIR" in done.stderr or "name the pack each time" in done.stderr, done.stderr
    assert ".broken" not in done.stderr
    assert "Traceback" not in done.stderr and "went wrong" not in done.stderr


@root_only
def test_a_full_data_directory_does_not_cost_the_result_of_a_run(tiny: Kata, full_disk: Path) -> None:
    tiny("start", "greeting", "--no-git")
    done = tiny("test", "greeting", "--only", "greets-by-name", KATA_DATA_DIR=str(full_disk))
    assert done.returncode == 0, done.stderr
    assert "40 of 40" in done.stdout
    assert "KATA_DATA_DIR" in done.stderr


@root_only
@pytest.mark.parametrize("variable", ["KATA_CACHE_DIR"])
def test_a_disk_that_is_full_while_dependencies_are_installed_is_named(
    variable: str, tiny: Kata, tmp_path: Path
) -> None:
    tiny("start", "greeting", "--no-git")
    for place in mounted(tmp_path / "cache", "64k"):
        done = tiny("test", "greeting", **{variable: str(place)})
        assert done.returncode in (2, 3), done.stdout
        assert "went wrong" not in done.stderr
        assert "space" in done.stderr.lower()


@root_only
@pytest.mark.skipif(shutil.which("unshare") is None, reason="there is no unshare")
def test_a_machine_without_loopback_is_named(tiny: Kata) -> None:
    assert tiny("start", "greeting", "--no-git").returncode == 0
    command = tiny.command("test", "greeting")
    done = subprocess.run(
        ["unshare", "-n", *command],
        env={**tiny.environment, "KATA_CACHE_DIR": str(tiny.home / "cache")},
        cwd=tiny.home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if "unshare:" in done.stderr:
        pytest.skip("this kernel refuses a network of one's own")
    assert done.returncode == 3, done.stderr
    assert "The loopback interface of this machine is down" in done.stderr


@root_only
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv")
@pytest.mark.parametrize("limit", [1, 3, 6, 20, 60])
def test_a_limit_on_processes_is_never_the_learner_s_fault(limit: int, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, SOMEBODY, SOMEBODY)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o011 != 0o011:
            folder.chmod(folder.stat().st_mode | 0o011)
    user = [f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups"]
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    kata = [sys.executable, "-P", "-m", "toolkit", "--pack", str(TINY)]
    environment = {
        "PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(Path(__file__).parents[2]),
        **{f"KATA_{name}_DIR": str(home / name.lower()) for name in ("CACHE", "DATA", "STATE", "CONFIG")},
    }  # fmt: skip
    for number, arguments in (
        (limit + 100, ["start", "greeting", "--no-git"]),
        (limit, ["test", "greeting"]),
    ):
        done = subprocess.run(
            ["setpriv", *user, *reading, "prlimit", f"--nproc={number}", *kata, *arguments],
            cwd=home, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    assert done.returncode == 3, done.stdout
    assert "ulimit -u" in done.stderr
    assert "Traceback" not in done.stderr and "went wrong" not in done.stderr
