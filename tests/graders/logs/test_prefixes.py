"""The prefix of a plain log is found without being said."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.logs.reader import Log

from .prefixes import PREFIXES, log_with

TEXTS = [
    "SELECT id\nFROM orders\nWHERE note = 'ERROR: x'",
    "SELECT name FROM customers WHERE id = $1",
    "SELECT * FROM nothing",
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_common_prefix_is_found(prefix: str, tmp_path: Path) -> None:
    path = tmp_path / "postgresql.log"
    path.write_text(log_with(prefix), encoding="utf-8")
    log = Log([path])
    found = list(log.statements())
    assert [one.text for one in found] == TEXTS
    assert found[1].parameters == ("7",) and found[2].error == "42P01"
    assert log.assembler.counts.unread == 0 and log.assembler.counts.entries == 6
    assert len({one.session for one in found}) == 1
    names_sessions = "%p" in prefix or "%c" in prefix
    assert (found[0].session != "") == names_sessions
    assert any("neither %c nor %p" in str(note) for note in log.notebook.notes) != names_sessions
    if "%m" in prefix or "%n" in prefix:
        assert 0.009 < found[1].at - found[0].at < 0.02
    if "%u@%d" in prefix or "user=%u" in prefix or "usr=%u" in prefix:
        assert {one.user for one in found} == {"app"} and {one.database for one in found} == {"shop"}
    if "app=%a" in prefix:
        assert {one.application for one in found} == {"web"}
