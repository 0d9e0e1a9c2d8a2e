"""How fast a private PostgreSQL is ready, as ratios of medians.

    python benchmarks/postgres.py [SLUG] [--runs N] [--postgres-bin DIR]

A: a cluster with the kata's small dataset, copied from its template, its passwords set, until its first answer. B: the
same server started on an empty data directory that exists already, until its first answer. C: `pg_ctl -w start` of
that directory, as most tools do it. D: as A, without a dataset. Also the first run of a kata (template made) against
the second. In turns, so that all see the same machine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import psycopg

from graders.backing.postgres import (
    Binaries,
    Template,
    dataset_template,
    empty_template,
    find_binaries,
    start_cluster,
)
from graders.backing.postgres.copying import copy_tree
from graders.backing.postgres.dataset import Server
from graders.backing.postgres.identity import server_identity
from graders.backing.postgres.server import running_server
from graders.packs.loader import open_packs
from graders.packs.records import Kata
from graders.sandbox.rundir import run_directory

AIM_READY, AIM_FIRST = 2.0, 3.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slug", nargs="?", default="n-plus-one")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--postgres-bin", type=Path)
    asked = parser.parse_args()
    binaries, kata = find_binaries(asked.postgres_bin), open_packs().kata(asked.slug)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        base.chmod(0o755)
        first, second = _first_and_second(kata, binaries, base)
        dataset = dataset_template(kata, kata.environment.datasets[0], binaries, cache=base / "cache")
        empty = empty_template(binaries, cache=base / "cache")
        with _running_server(empty, binaries, base) as (data, start):
            ours, bare, theirs, plain = [], [], [], []
            for _ in range(asked.runs):
                ours.append(_cluster(dataset, binaries, base))
                bare.append(_cluster(empty, binaries, base))
                theirs.append(start())
                plain.append(_pg_ctl(data, binaries))
    a, b, c, d = median(ours), median(theirs), median(plain), median(bare)
    print(f"PostgreSQL {binaries.version} ({binaries.source}), {kata.slug}, medians of {asked.runs} runs")
    print(f"  A  small dataset, copied and started    {a * 1000:7.1f} ms")
    print(
        f"  B  empty directory, started           {b * 1000:7.1f} ms   A / B {a / b:5.2f}  (aim: {AIM_READY:.1f})"
    )
    if c:
        print(f"  C  empty directory, by pg_ctl -w      {c * 1000:7.1f} ms   A / C {a / c:5.2f}")
    print(f"  D  empty cluster, copied and started  {d * 1000:7.1f} ms   A / D {a / d:5.2f}")
    print(
        f"  first run of the kata {first:.2f} s, second {second:.2f} s:"
        f" {first - second:+.2f} s  (aim: {AIM_FIRST:.1f})"
    )


def _first_and_second(kata: Kata, binaries: Binaries, base: Path) -> tuple[float, float]:
    """Seconds until a cluster is ready with nothing cached, and again."""
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        template = dataset_template(kata, kata.environment.datasets[0], binaries, cache=base / "first")
        _cluster(template, binaries, base)
        taken.append(time.perf_counter() - started)
    return taken[0], taken[1]


def _cluster(template: Template, binaries: Binaries, base: Path) -> float:
    started = time.perf_counter()
    with start_cluster(template, binaries, run_dir=base / "runs") as cluster:
        _ask(cluster.service_url)
        return time.perf_counter() - started


@contextlib.contextmanager
def _running_server(
    template: Template, binaries: Binaries, base: Path
) -> Iterator[tuple[Path, Callable[[], float]]]:
    """An empty data directory in the same place as our clusters, and a way to time its plain start."""
    identity = server_identity()
    with run_directory(base / "runs", mode=0o711) as run:
        data = run.path / "data"
        copy_tree(template.path, data, identity)

        def start() -> float:
            started = time.perf_counter()
            with running_server(data, binaries, identity, recorded=False, graceful=True) as port:
                _ask(Server("127.0.0.1", port, "postgres", template.password).url("kata"))
                return time.perf_counter() - started

        start()
        yield data, start


def _pg_ctl(data: Path, binaries: Binaries) -> float:
    """Seconds of `pg_ctl -w start`; 0 where there is none."""
    program = binaries.bin / "pg_ctl"
    if not program.exists():
        return 0.0
    drop = {"user": "nobody", "group": data.stat().st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"} | drop
    log = data / "pg_ctl.txt"
    started = time.perf_counter()
    subprocess.run([program, "-D", data, "-w", "-l", log, "start"], check=True, **options)  # type: ignore[call-overload]
    taken = time.perf_counter() - started
    subprocess.run([program, "-D", data, "-w", "-m", "fast", "stop"], check=True, **options)  # type: ignore[call-overload]
    return taken


def _ask(url: str) -> None:
    with psycopg.connect(url) as session:
        session.execute("select 1")


if __name__ == "__main__":
    main()
