"""With any settings of its log, as many statements are read as PostgreSQL wrote, in each of its formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.backing.postgres import Cluster, find_binaries, start_cluster

from .clients import read, send, settings

FORMATS = {
    "log_destination": "stderr,csvlog,jsonlog",
    "log_rotation_age": "0",
    "auto_explain.log_min_duration": "-1",
}
# (settings, auto_explain, which of the statements that were sent are in the log, the prefix where it is not found)
MATRIX = [
    ({"log_statement": "all"}, False, "all"),
    ({"log_statement": "all", "log_duration": "on"}, False, "all"),
    ({"log_statement": "all", "log_min_duration_statement": "0"}, False, "all"),
    ({"log_statement": "all"}, True, "all"),
    ({"log_min_duration_statement": "0"}, False, "all"),
    ({"log_min_duration_statement": "0"}, True, "all"),
    ({"log_min_duration_statement": "0", "log_error_verbosity": "verbose"}, False, "all"),
    ({"log_statement": "all", "log_error_verbosity": "terse", "log_parameter_max_length": "0"}, False, "all"),
    ({"log_min_duration_statement": "0", "log_line_prefix": "%t:%r:%u@%d:[%p]:"}, False, "all"),
    ({"log_statement": "all", "log_line_prefix": "%m [%p] %q[user=%u,db=%d,app=%a] "}, True, "all"),
    ({"log_statement": "all", "log_line_prefix": "%n|%c|%e|%Q|"}, False, "all"),
    ({"log_statement": "ddl"}, False, "ddl"),
    ({"log_statement": "none"}, True, "planned"),
    ({"log_statement": "none", "log_duration": "on"}, False, "none"),
]  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(None, find_binaries(), run_dir=tmp_path_factory.mktemp("matrix")) as cluster:
        yield cluster


@pytest.mark.parametrize(("chosen", "explain", "logged"), MATRIX, ids=lambda value: str(value)[:70])
def test_no_statement_is_lost(
    cluster: Cluster, tmp_path: Path, chosen: dict[str, str], explain: bool, logged: str
) -> None:
    base = {"log_statement": "none", "log_min_duration_statement": "-1", "log_duration": "off"}
    with settings(cluster, FORMATS | base | chosen) as sizes:
        sent = send(cluster, explain=explain)
        found = read(cluster, sizes, tmp_path, None)
    # What failed is in every log, by its error.
    expected = sent["all"] if logged == "all" else sent["failed"] + sent.get(logged, 0)
    assert {kind: count for kind, (count, _) in found.items()} == dict.fromkeys(found, expected)
    assert {kind: log.assembler.counts.unread for kind, (_, log) in found.items()} == dict.fromkeys(found, 0)
