"""The bound on what a directory may grow by: measured by its files, on any disk, as any user."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from graders.sandbox.quota import Overrun, bounded, bytes_in

BLOCK = 1 << 20
PATIENCE = 60.0


class Heard:
    """What `exceeded` was called with."""

    def __init__(self) -> None:
        self.overruns: list[Overrun] = []
        self.come = threading.Event()

    def __call__(self, overrun: Overrun) -> None:
        self.overruns.append(overrun)
        self.come.set()


def write(path: Path, blocks: int) -> None:
    with path.open("ab") as file:
        for _ in range(blocks):
            file.write(os.urandom(BLOCK))
        file.flush()
        os.fsync(file.fileno())


def test_a_directory_that_grows_too_much_is_named_once(tmp_path: Path) -> None:
    calm, full, heard = tmp_path / "calm", tmp_path / "full", Heard()
    (full / "deep" / "er").mkdir(parents=True)
    calm.mkdir()
    # What was there before does not count.
    write(full / "before", 3)
    with bounded([calm, full], heard, most=2 * BLOCK):
        write(full / "deep" / "er" / "file", 4)
        assert heard.come.wait(PATIENCE)
        write(full / "deep" / "er" / "more", 2)
    [overrun] = heard.overruns
    assert (overrun.place, overrun.most) == (full, 2 * BLOCK)
    assert overrun.grown > 2 * BLOCK


def test_many_small_steps_add_up(tmp_path: Path) -> None:
    heard = Heard()
    with bounded([tmp_path], heard, most=3 * BLOCK):
        for number in range(400):
            write(tmp_path / f"{number}", 1)
            if heard.come.wait(0.01):
                break
    assert heard.overruns


def test_what_is_written_and_removed_again_does_not_count(tmp_path: Path) -> None:
    heard = Heard()
    with bounded([tmp_path], heard, most=4 * BLOCK):
        for _ in range(20):
            write(tmp_path / "scratch", 1)
            (tmp_path / "scratch").unlink()
    assert heard.overruns == []


def test_a_sparse_file_is_as_large_as_its_blocks_and_links_lead_nowhere(tmp_path: Path) -> None:
    place, outside = tmp_path / "place", tmp_path / "outside"
    place.mkdir()
    outside.mkdir()
    write(outside / "big", 3)
    (place / "link").symlink_to(outside)
    with (place / "sparse").open("wb") as file:
        file.truncate(1 << 34)
    assert bytes_in(place) < BLOCK


def test_a_directory_that_is_removed_meanwhile_is_no_error(tmp_path: Path) -> None:
    place, heard = tmp_path / "place", Heard()
    place.mkdir()
    with bounded([place], heard, most=BLOCK):
        place.rmdir()
    assert bytes_in(place) == 0
    assert heard.overruns == []


@pytest.mark.parametrize("most", [1 << 60])
def test_the_bound_is_never_more_than_half_of_what_is_free(tmp_path: Path, most: int) -> None:
    from graders.sandbox import quota

    space = os.statvfs(tmp_path)
    assert quota._bound(tmp_path, most).most <= space.f_blocks * space.f_frsize // 2
