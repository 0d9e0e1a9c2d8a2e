"""A container under any uid: no entry in /etc/passwd, and often no home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import TINY

from graders.backing.postgres.identity import Identity
from graders.backing.postgres.nameless import copy_for_nameless, has_name
from graders.errors import DatabaseError

NOBODY_KNOWS = 54321
root_only = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can run a process as somebody else",
)


def kata_as_nameless(
    *arguments: object, temporary: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """`kata`, run by a uid without a name. It may read everything, because the interpreter may be root's alone."""
    user = [f"--reuid={NOBODY_KNOWS}", f"--regid={NOBODY_KNOWS}", "--clear-groups"]
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return subprocess.run(
        ["setpriv", *user, *reading, sys.executable, "-P", "-m", "toolkit", *map(str, arguments)],
        cwd="/",
        env={
            "PATH": os.defpath,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            **variables,
        },
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    os.chown(temporary, NOBODY_KNOWS, NOBODY_KNOWS)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o011 != 0o011:
            folder.chmod(folder.stat().st_mode | 0o011)
    return temporary


@root_only
@pytest.mark.parametrize(
    "home", [{}, {"HOME": "/"}, {"HOME": "/nonexistent"}, {"HOME": "/root"}, {"HOME": "relative"}], ids=str
)
def test_everything_is_kept_where_this_user_can_write(home: dict[str, str], temporary: Path) -> None:
    done = kata_as_nameless("doctor", temporary=temporary, **home)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{temporary}/kata-{NOBODY_KNOWS}/cache" in "".join(done.stdout.split())
    assert (temporary / f"kata-{NOBODY_KNOWS}").stat().st_mode & 0o777 == 0o700


@root_only
def test_a_submission_is_judged_for_a_user_without_a_name_or_a_home(temporary: Path) -> None:
    done = kata_as_nameless("--pack", TINY, "author", "try", "greeting", "reference", temporary=temporary)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 of 100" in done.stdout


@root_only
def test_a_directory_that_somebody_else_made_first_is_not_used(temporary: Path) -> None:
    (temporary / f"kata-{NOBODY_KNOWS}").mkdir(mode=0o777)
    done = kata_as_nameless("list", temporary=temporary)
    assert done.returncode == 2
    assert "cannot be used instead" in done.stderr
    assert "KATA_CACHE_DIR" in done.stderr


@root_only
def test_a_tilde_without_a_home_is_the_callers_mistake(temporary: Path) -> None:
    done = kata_as_nameless("list", temporary=temporary, KATA_CACHE_DIR="~/kata")
    assert done.returncode == 2
    assert "~/kata: this user has no home directory" in done.stderr


def test_users_with_and_without_a_name_are_told_apart() -> None:
    assert has_name(Identity(0, 0, False))
    assert not has_name(Identity(NOBODY_KNOWS, NOBODY_KNOWS, False))


def test_programs_that_do_not_ask_in_the_known_way_are_left_alone(tmp_path: Path) -> None:
    bin = tmp_path / "postgresql" / "16" / "bin"
    bin.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (bin / name).write_bytes(b"\x7fELF")
    with pytest.raises(DatabaseError, match=str(NOBODY_KNOWS)) as raised:
        copy_for_nameless(bin, tmp_path, NOBODY_KNOWS)
    assert "/etc/passwd" in raised.value.message
    assert raised.value.hint
