"""Which migrations of a history are judged."""

from __future__ import annotations

import pytest

from graders.errors import UsageError
from graders.migrations.records import Migration, MigrationStep
from graders.migrations.selection import unwatched

HISTORY = [
    Migration(name, (MigrationStep("select 1", f"db/{name}/up.sql", 1),))
    for name in ("2024-01_a", "2024-02_b", "2024-03_c")
]


@pytest.mark.parametrize(
    "since", ["2024-02_b", "2024-02_b/", "db/2024-02_b/up.sql", "./db/2024-02_b/up.sql", "2024-02"]
)
def test_the_first_one_that_is_judged_is_named_in_any_way(since: str) -> None:
    assert unwatched(HISTORY, since=since) == 1


def test_how_many_of_the_newest_are_judged() -> None:
    assert [unwatched(HISTORY, newest=count) for count in (1, 3, 9)] == [2, 0, 0]
    assert unwatched(HISTORY, since="2024-01", newest=2) == 1
    assert unwatched(HISTORY) == 0


@pytest.mark.parametrize("since", ["2025", "2024", "up.sql"])
def test_a_name_of_none_or_of_several_is_refused(since: str) -> None:
    with pytest.raises(UsageError, match=f"--since {since}") as raised:
        unwatched(HISTORY, since=since)
    assert raised.value.hint
