"""Record the scenarios on a throwaway PostgreSQL: one packed jsonlog for each, and labels.yaml.

Run: python record/record.py --postgres BIN --python PYTHON --node FOLDER (root needs --user too: PostgreSQL refuses to
run as root). PYTHON has psycopg, psycopg2, pg8000, asyncpg, sqlalchemy, peewee, tortoise-orm and django;
FOLDER/node_modules has pg, knex and sequelize. The log is what `log_min_duration_statement = 0` and auto_explain write;
readers may leave the plans out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MARKER = re.compile(r"scenario-marker ([\w-]+)'")
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
logging_collector = on
log_directory = 'log'
log_filename = 'scenarios.log'
log_destination = 'jsonlog'
log_min_duration_statement = 0
session_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_analyze = on
auto_explain.log_timing = off
auto_explain.log_nested_statements = on
auto_explain.log_format = json
"""


def main() -> None:
    asked = _asked()
    with tempfile.TemporaryDirectory() as place, _server(asked, Path(place)) as url:
        labels = {name: label for command in _programs(asked, url) for name, label in _run(command).items()}
        time.sleep(1)
        log = (Path(place) / "data" / "log" / "scenarios.json").read_text(encoding="utf-8")
    _write(labels, _by_scenario(log))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", type=Path, required=True)
    parser.add_argument("--user", help="who runs PostgreSQL")
    parser.add_argument("--python", required=True)
    parser.add_argument("--node", required=True)
    return parser.parse_args()


def _programs(asked: argparse.Namespace, url: str) -> Iterator[list[str]]:
    for program in sorted(HERE.glob("with_*.py")):
        yield [asked.python, str(program), url]
    yield ["node", str(HERE / "with_node.cjs"), url, asked.node]


def _run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def _server(asked: argparse.Namespace, place: Path) -> Iterator[str]:
    data, port = place / "data", _free_port()
    if asked.user:
        shutil.chown(place, asked.user)
    run = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL, user=asked.user, cwd=place)
    run(
        [
            asked.postgres / "initdb",
            "-D",
            data,
            "-U",
            "app",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C",
        ]
    )
    with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(f"{SETTINGS}port = {port}\n")
    run([asked.postgres / "pg_ctl", "-D", data, "-w", "start"])
    url = f"postgresql://app@127.0.0.1:{port}/postgres"
    try:
        _fill(asked.postgres, url)
        yield url
    finally:
        run([asked.postgres / "pg_ctl", "-D", data, "-m", "fast", "stop"])


def _fill(binaries: Path, url: str) -> None:
    quiet = {**os.environ, "PGAPPNAME": "scenario-marker"}
    subprocess.run(
        [binaries / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", HERE / "library.sql", url],
        check=True,
        env=quiet,
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _by_scenario(log: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    current = "-"
    for line in log.splitlines():
        entry = json.loads(line)
        if entry.get("application_name") == "scenario-marker":
            marked = MARKER.search(entry.get("message", ""))
            current = marked.group(1) if marked else current
        elif entry.get("backend_type") == "client backend":
            found.setdefault(current, []).append(line)
    return found


def _write(labels: dict[str, Any], logs: dict[str, list[str]]) -> None:
    for name in labels:
        packed = gzip.compress("\n".join([*logs[name], ""]).encode(), mtime=0)
        (HERE.parent / f"{name}.json.gz").write_bytes(packed)
    text = yaml.safe_dump(dict(sorted(labels.items())), sort_keys=False, width=118, allow_unicode=True)
    (HERE.parent / "labels.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
