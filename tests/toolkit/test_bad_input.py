"""Damaged input of every kind, through the verbs: a result or a sentence, never "kata itself went wrong".

`benchmarks/bad_input.py` does the same with 805 inputs.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from bad_input import KINDS, run_all

from toolkit.settings import load_settings


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    # What run_all sets is put back as it was before.
    for name in ("KATA_DATA_DIR", "KATA_CACHE_DIR", "KATA_STATE_DIR", "KATA_CONFIG_DIR", "NO_COLOR"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def test_no_damaged_input_ends_in_an_internal_error(places: Path) -> None:
    outcomes = list(run_all(places, seed=7, inputs=60))
    assert {one.kind for one in outcomes} == {kind.name for kind in KINDS}
    assert [one for one in outcomes if one.our_fault] == []
    # Everything that is refused says why.
    assert [one for one in outcomes if one.code in (2, 3) and not one.said.startswith("error: ")] == []


def test_a_broken_record_does_not_hide_the_katas(
    places: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.listing import print_list

    for content in (b"not a database", b"SQLite format 3\0" + b"\xff" * 200, "größer".encode("utf-16")):
        (places / "progress.sqlite").write_bytes(content)
        assert print_list(load_settings()) == 0
        shown = capsys.readouterr()
        assert "n-plus-one" in shown.out and "cannot be used" in shown.err
