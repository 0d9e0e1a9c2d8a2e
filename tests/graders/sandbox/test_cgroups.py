"""Where control groups can be made, on the layouts that there are."""

from __future__ import annotations

from pathlib import Path

from graders.sandbox.base import Limits
from graders.sandbox.cgroups import ControlGroup, Places, find_places, sweep


def test_a_legacy_layout_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    for name in ("memory", "pids", "cpu", "blkio"):
        (tmp_path / name / "login").mkdir(parents=True)
    mounts = "".join(
        f"cgroup {tmp_path / name} cgroup rw,{name} 0 0\n" for name in ("memory", "pids", "cpu", "blkio")
    )
    places = find_places(mounts, "3:memory:/login\n2:pids:/\n1:cpu:/elsewhere\n0::/\n")
    assert places.legacy == {
        "memory": tmp_path / "memory/login",
        "pids": tmp_path / "pids",
        "cpu": tmp_path / "cpu",
    }
    assert places.unified is None
    assert places.limited == {"memory", "pids", "cpu"}


def test_a_unified_layout_offers_what_it_hands_down(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids io\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory pids\n")
    places = find_places(f"cgroup2 {tmp_path} cgroup2 rw 0 0\n", "0::/\n")
    assert places.unified == tmp_path
    assert places.limited == {"memory", "pids", "cpu"}


def test_a_machine_without_control_groups_limits_nothing() -> None:
    assert find_places("proc /proc proc rw 0 0\n", "").limited == frozenset()


def test_a_group_of_the_unified_tree_is_limited_and_removed(tmp_path: Path) -> None:
    places = Places({}, tmp_path, frozenset({"memory", "pids", "cpu"}))
    group = ControlGroup(places, Limits(memory=1 << 20, processes=7, cpus=1.5))
    [folder] = tmp_path.iterdir()
    assert (folder / "memory.max").read_text() == str(1 << 20)
    assert (folder / "memory.oom.group").read_text() == "1"
    assert (folder / "pids.max").read_text() == "7"
    assert (folder / "cpu.max").read_text() == "150000 100000"
    (folder / "memory.events").write_text("oom 1\noom_kill 1\n")
    (folder / "pids.events").write_text("max 3\n")
    assert group.exceeded() == ("the memory limit of 1 MB", "the limit of 7 processes and threads")


def test_only_the_groups_of_dead_graders_are_swept(tmp_path: Path) -> None:
    places = Places({}, tmp_path, frozenset())
    living = ControlGroup(places, Limits())
    (tmp_path / "kata-999999999-1-abc").mkdir()
    (tmp_path / "other").mkdir()
    sweep(places)
    assert {entry.name for entry in tmp_path.iterdir()} == {"other", Path(living.join[0]).parent.name}
