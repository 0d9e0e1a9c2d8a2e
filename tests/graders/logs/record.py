"""Records what live services make PostgreSQL log: `python tests/graders/logs/record.py`, once, by hand.

It needs npm and pip; the logs go to recorded/, one of them in each of PostgreSQL's formats.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from graders.backing.postgres import find_binaries, start_cluster
from graders.backing.postgres.cluster import Cluster

HERE = Path(__file__).parent
SERVICES = HERE / "services"
RECORDED = HERE / "recorded"
PREFIX = "%m [%p] %q%u@%d %a %c %v %x %e "
SCHEMA = """
create table customer (id bigint primary key, name text not null);
create table orders (id bigint primary key, customer_id bigint not null references customer, status text not null,
  total int not null);
insert into customer select n, 'customer ' || n from generate_series(1, 40) as n;
insert into orders select n, 1 + n % 40, 'open', n from generate_series(1, 200) as n;
grant all on all tables in schema public to app;
"""
TRACE = "00-{:032x}-00f067aa0ba902b7-01"


def main() -> None:
    RECORDED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        record_django(Path(folder))
        record_node(Path(folder))


def record_django(folder: Path) -> None:
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([venv / "bin" / "pip", "install", "-q", "django>=5.2,<6", "psycopg[binary]"], check=True)
    with (
        recording("django", (".json",)) as cluster,
        service([venv / "bin" / "python", SERVICES / "shop_django.py"], cluster) as ask,
    ):
        ask("/slow?limit=12", {})
        ask("/fast?limit=12", {})
        ask("/pay/3", {})
        ask("/slow?limit=5", {})


def record_node(folder: Path) -> None:
    for name in ("package.json", "shop_node.js"):
        shutil.copy(SERVICES / name, folder)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
    with (
        recording("node", (".json", ".csv", ".log")) as cluster,
        service(["node", folder / "shop_node.js"], cluster) as ask,
    ):
        ask("/fast?limit=12", {})
        ask("/slow?limit=9", {})
        ask("/import", {})
        # Two requests close together: only their traces distinguish them.
        ask("/slow?limit=2", {"traceparent": TRACE.format(1)}, pause=0.0)
        ask("/slow?limit=2", {"traceparent": TRACE.format(2)}, pause=0.0)
        ask("/slow?limit=6", {"traceparent": TRACE.format(3)})


@contextmanager
def recording(name: str, kinds: Sequence[str]) -> Iterator[Cluster]:
    """A cluster that logs in all three formats; those of `kinds` are kept when the block ends."""
    with (
        tempfile.TemporaryDirectory() as run_dir,
        start_cluster(None, find_binaries(), run_dir=Path(run_dir)) as cluster,
    ):
        log = Path(str(cluster.log.path))  # type: ignore[attr-defined]
        with psycopg.connect(cluster.admin_url, autocommit=True) as session:
            session.execute(SCHEMA)
            session.execute("alter system set log_destination = 'jsonlog,csvlog,stderr'")
            session.execute(f"alter system set log_line_prefix = '{PREFIX}'".encode())
            session.execute("select pg_reload_conf()")
            time.sleep(1)
            begin = {kind: log.with_suffix(kind).stat().st_size for kind in kinds}
            yield cluster
            time.sleep(1)
        for kind, offset in begin.items():
            data = log.with_suffix(kind).read_bytes()[offset:]
            (RECORDED / f"{name}{kind}").write_bytes(data)


@contextmanager
def service(command: Sequence[object], cluster: Cluster) -> Iterator[Ask]:
    """The service running, and how to ask it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": cluster.service_url, "PORT": str(port)}
    process = subprocess.Popen([str(part) for part in command], env=environment)
    try:
        ask = Ask(port)
        ask.until_ready()
        yield ask
    finally:
        process.terminate()
        process.wait(10)


class Ask:
    """Asks the service on a port, with a pause after each request as between two clicks."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, path: str, headers: Mapping[str, str], pause: float = 0.5) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=dict(headers))
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
        time.sleep(pause)

    def until_ready(self) -> None:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the service does not listen")


if __name__ == "__main__":
    main()
