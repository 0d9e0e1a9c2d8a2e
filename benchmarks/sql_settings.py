"""Statements read from PostgreSQL's logs against statements sent, over the settings that a log is written with.

    python benchmarks/sql_settings.py [--every N] [--node DIR]

Each combination of log_statement, log_min_duration_statement, log_duration, auto_explain, verbosity and prefix is an
input in three formats; `--every N` takes each Nth of them. `--node DIR` holds node_modules/pg, which sends statements
as well. An input is lost in silence where fewer statements are read than were logged, and nothing says so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from graders.backing.postgres import Cluster, find_binaries, start_cluster
from graders.errors import KataError

TESTS = Path(__file__).parent.parent / "tests" / "graders" / "logs"
sys.path.insert(0, str(TESTS))

from clients import TAG, read, send, settings  # noqa: E402
from prefixes import PREFIXES  # noqa: E402

_NODE = """
const { Client } = require('pg');
(async () => {
  const client = new Client({ connectionString: process.argv[1] });
  await client.connect();
  for (let n = 0; n < 5; n++) await client.query(`select ${n} TAG`);
  for (let n = 0; n < 5; n++) await client.query('select $1::int TAG', [n]);
  for (let n = 0; n < 5; n++) await client.query({ name: 'one', text: 'select $1::text TAG', values: [n] });
  await client.end();
})();
""".replace("TAG", TAG)
_NODE_SENDS = 15
_BASE = {
    "log_destination": "stderr,csvlog,jsonlog",
    "log_rotation_age": "0",
    "auto_explain.log_min_duration": "-1",
}


def combinations() -> Iterator[tuple[dict[str, str], bool, str]]:
    """(settings, auto_explain, what of the statements is logged)."""
    prefixes = [prefix for prefix in PREFIXES if "%m" in prefix or "%t" in prefix or "%n" in prefix]
    kinds = product(
        ("all", "ddl", "none"), ("-1", "0"), ("on", "off"), (False, True), ("default", "verbose", "terse")
    )
    for number, (statement, least, duration, explain, verbosity) in enumerate(kinds):
        logged = "all" if statement == "all" or least == "0" else "planned" if explain else statement
        chosen = {
            "log_statement": statement,
            "log_min_duration_statement": least,
            "log_duration": duration,
            "log_error_verbosity": verbosity,
            "log_line_prefix": prefixes[number % len(prefixes)].replace("'", "''"),
        }
        yield _BASE | chosen, explain, logged


def measure(cluster: Cluster, every: int, node: Path | None, folder: Path) -> None:
    inputs = lost = sent_in_all = read_in_all = 0
    for number, (chosen, explain, logged) in enumerate(combinations()):
        if number % every:
            continue
        with settings(cluster, chosen) as sizes:
            sent = send(cluster, explain=explain)
            if node is not None:
                command = ["node", "-e", _NODE, cluster.admin_url]
                subprocess.run(command, cwd=node, check=True, timeout=60)
                sent["all"] += _NODE_SENDS
            try:
                found = read(cluster, sizes, folder, None)
            except KataError as error:
                print(f"refused: {error} {chosen}")
                continue
        expected = sent["all"] if logged == "all" else sent["failed"] + sent.get(logged, 0)
        if logged == "planned" and chosen["log_statement"] == "ddl":
            expected += sent["ddl"]
        for kind, (count, log) in found.items():
            inputs, sent_in_all, read_in_all = inputs + 1, sent_in_all + expected, read_in_all + count
            silent = count != expected and not log.assembler.counts.unread
            lost += silent
            if count != expected:
                print(
                    f"{'LOST' if silent else 'said'}: {kind}: {count} of {expected}: {chosen} explain={explain}"
                )
    print(
        f"{inputs} inputs, {sent_in_all} statements logged, {read_in_all} read, {lost} inputs with a silent loss"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--node", type=Path, help="a folder with node_modules/pg")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        start_cluster(None, find_binaries(), run_dir=Path(folder)) as cluster,
    ):
        measure(cluster, asked.every, asked.node, Path(folder))


if __name__ == "__main__":
    main()
