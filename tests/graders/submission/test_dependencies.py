"""A stack's dependencies are built once, from the repository's own files, with programs from anywhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graders.errors import SandboxError, UsageError
from graders.packs.records import Requirement, Stack
from graders.sandbox.process import ProcessSandbox
from graders.submission.dependencies import Toolchain, prepare_environment
from graders.submission.programs import check_requirement

COUNT = "echo once >> {environment}/../installs && mkdir {environment}/bin"


def make_stack(
    folder: Path, *, install: tuple[str, ...] = (COUNT,), requires: tuple[Requirement, ...] = ()
) -> Stack:
    return Stack(
        name="made", title="Made", language="none", requires=requires, inputs=("lock.txt",), install=install,
        path=("{environment}/bin",), links={"modules": "{environment}/modules"}, variables={"MODE": "tests"},
        ready_seconds=5, folder=folder,
    )  # fmt: skip


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def prepare(stack: Stack, root: Path, variables: Mapping[str, str] | None = None) -> Toolchain:
    return prepare_environment(
        stack,
        root,
        cache=root.parent / "cache",
        variables=variables or dict(os.environ),
        sandbox=ProcessSandbox(),
    )


def installs(root: Path) -> int:
    return len((root.parent / "cache" / "environments" / "installs").read_text().splitlines())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "lock.txt").write_text("express 5\n")
    return folder


def test_the_second_run_finds_what_the_first_installed(tmp_path: Path, root: Path) -> None:
    stack = make_stack(tmp_path)
    first, second = prepare(stack, root), prepare(stack, root)
    assert first == second
    assert installs(root) == 1
    assert first.path == (f"{first.folder}/bin",)
    assert first.links == {"modules": f"{first.folder}/modules"}
    assert first.variables == {"MODE": "tests"}


def test_another_lock_file_is_another_install(tmp_path: Path, root: Path) -> None:
    stack = make_stack(tmp_path)
    before = prepare(stack, root)
    (root / "lock.txt").write_text("express 6\n")
    after = prepare(stack, root)
    assert before.folder != after.folder
    assert installs(root) == 2


def test_another_version_of_a_needed_program_is_another_install(tmp_path: Path, root: Path) -> None:
    stack = make_stack(tmp_path, requires=(Requirement("engine", "20", ""),))
    here = {"PATH": f"{tmp_path}/engines:/usr/bin:/bin"}
    program(tmp_path / "engines", "engine", "echo v20.1.0")
    before = prepare(stack, root, here)
    program(tmp_path / "engines", "engine", "echo v22.0.1")
    assert prepare(stack, root, here).folder != before.folder


def test_a_missing_lock_file_is_named(tmp_path: Path, root: Path) -> None:
    (root / "lock.txt").unlink()
    with pytest.raises(UsageError) as raised:
        prepare(make_stack(tmp_path), root)
    assert str(root / "lock.txt") in raised.value.message
    assert "kata reset" in raised.value.hint


def test_a_failed_install_shows_its_last_words_and_leaves_nothing(tmp_path: Path, root: Path) -> None:
    stack = make_stack(tmp_path, install=("echo no such package; exit 3",))
    with pytest.raises(SandboxError) as raised:
        prepare(stack, root)
    assert "no such package" in raised.value.message
    assert "exit 3" in raised.value.message
    assert raised.value.hint
    assert [path.suffix for path in (tmp_path / "cache" / "environments").iterdir()] == [".lock"]


def test_an_install_that_was_broken_off_is_done_again(tmp_path: Path, root: Path) -> None:
    stack = make_stack(tmp_path)
    folder = prepare(stack, root).folder
    shutil.rmtree(folder)
    (folder / "half").mkdir(parents=True)
    assert prepare(stack, root).folder == folder
    assert not (folder / "half").exists()
    assert installs(root) == 2


def test_two_installs_at_once_are_one(tmp_path: Path, root: Path) -> None:
    stack = make_stack(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        folders = {made.folder for made in pool.map(lambda _: prepare(stack, root), range(4))}
    assert len(folders) == 1
    assert installs(root) == 1


def test_a_missing_program_is_named_with_what_the_stack_needs(tmp_path: Path, root: Path) -> None:
    stack = make_stack(tmp_path, requires=(Requirement("engine", "20", "install engine 20"),))
    with pytest.raises(UsageError) as raised:
        prepare(stack, root, {"PATH": f"{tmp_path}/nothing"})
    assert raised.value.message == "`engine` is not on PATH; this stack needs 20 or later"
    assert raised.value.hint == "install engine 20"


def test_a_program_that_is_too_old_is_named_with_its_place(tmp_path: Path) -> None:
    old = program(tmp_path / "engines", "engine", "echo v18.20.4")
    with pytest.raises(UsageError) as raised:
        check_requirement(Requirement("engine", "20", "install engine 20"), {"PATH": str(old.parent)})
    assert raised.value.message == f"`{old}` is 18.20.4; this stack needs 20 or later"


@pytest.mark.parametrize(
    ("printed", "found"), [("v20.0.0", "20.0.0"), ("engine 21.3-rc1", "21.3"), ("22", "22")]
)
def test_a_version_is_read_out_of_what_programs_print(tmp_path: Path, printed: str, found: str) -> None:
    program(tmp_path / "engines", "engine", f"echo '{printed}'")
    assert check_requirement(Requirement("engine", "20", ""), {"PATH": f"{tmp_path}/engines"}) == found


def test_a_program_that_tells_no_version_is_quoted(tmp_path: Path) -> None:
    program(tmp_path / "engines", "engine", "echo no engine chosen for this folder >&2; exit 1")
    with pytest.raises(UsageError) as raised:
        check_requirement(Requirement("engine", "20", ""), {"PATH": f"{tmp_path}/engines"})
    assert raised.value.message.endswith("prints no version: no engine chosen for this folder")


def test_a_program_outside_the_systems_folders_is_put_on_the_services_path(
    tmp_path: Path, root: Path
) -> None:
    home = tmp_path / "home" / ".versions" / "v20" / "bin"
    program(home, "engine", "echo v20.9.0")
    program(home, "packer", "exec engine")
    stack = make_stack(tmp_path, requires=(Requirement("engine", "20", ""), Requirement("packer", "9", "")))
    toolchain = prepare(stack, root, {"PATH": f"{home}:/usr/bin:/bin"})
    assert toolchain.path == (f"{toolchain.folder}/bin", str(home))
