"""What the recording costs: a real request recorded against not recorded, and a window read and parsed.

    python benchmarks/recording.py [SLUG] [--path PATH] [--rounds N] [--requests N]

The reference answers the same request in turns, with the server's recording switched off and on (blocks of requests,
medians of blocks). Then windows of 1,000 statements are closed: the CPU time of this process, and whether any of them
was lost.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import psycopg

from graders.authoring.gate import render_candidate
from graders.authoring.matrix import candidates_of
from graders.grading.grader import Grader, Options, RunningSubmission
from graders.http.client import Client
from graders.logs.recorder import Recorder
from graders.packs.loader import open_packs

AIM_REQUEST, AIM_CPU = 1.25, 50.0
STATEMENTS = 1000
_OFF = {"log_statement": "none", "auto_explain.log_min_duration": "-1", "compute_query_id": "off"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slug", nargs="?", default="n-plus-one")
    parser.add_argument("--path", default="/orders?limit=20")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        base.chmod(0o755)
        packs = open_packs()
        kata = packs.kata(asked.slug)
        reference = next(candidate for candidate in candidates_of(kata) if candidate.kind == "reference")
        submission = render_candidate(kata, packs, reference, base / "work")
        options = Options(cache=base / "cache", runs=base / "runs", variables=dict(os.environ), seed=1)
        with Grader(options) as grader, grader.running(submission) as running:
            _requests(running, asked.path, asked.rounds, asked.requests)
            _windows(running, asked.rounds)


def _requests(running: RunningSubmission, path: str, rounds: int, count: int) -> None:
    client = Client(running.control.service.base_url)
    off, on = [], []
    with psycopg.connect(running.cluster.admin_url, autocommit=True) as admin:
        for _ in range(rounds + 1):
            _switch(admin, False)
            off.append(_block(client, path, count))
            _switch(admin, True)
            on.append(_block(client, path, count))
    with Recorder(
        running.cluster.admin_url, running.cluster.log, service_url=running.cluster.service_url
    ) as recorder:
        windowed = [_windowed(recorder, client, path) for _ in range(rounds)]
    # The first round warms caches and connections.
    a, b = median(off[1:]), median(on[1:])
    print(f"GET {path}, medians of {rounds} blocks of {count} requests")
    print(f"  not recorded              {a * 1000:7.2f} ms")
    print(f"  recorded                  {b * 1000:7.2f} ms   {b / a:5.2f} ×  (aim: {AIM_REQUEST:.2f})")
    print(f"  opening, closing, reading a window around one: {median(windowed) * 1000:.2f} ms more")


def _switch(admin: psycopg.Connection, on: bool) -> None:
    """Switch the server's recording; sessions take it up before their next statement."""
    for setting, value in _OFF.items():
        admin.execute(f"alter system reset {setting}" if on else f"alter system set {setting} = '{value}'")
    admin.execute("select pg_reload_conf()")
    time.sleep(0.1)


def _block(client: Client, path: str, count: int) -> float:
    for _ in range(3):
        client.get(path)
    started = time.perf_counter()
    for _ in range(count):
        answer = client.get(path)
    taken = time.perf_counter() - started
    assert answer.status == 200
    return taken / count


def _windowed(recorder: Recorder, client: Client, path: str) -> float:
    """Seconds that a window adds around one request."""
    started = time.perf_counter()
    with recorder.window() as window:
        opened = time.perf_counter()
        client.get(path)
        answered = time.perf_counter()
    assert window.statements
    return time.perf_counter() - answered + opened - started


def _windows(running: RunningSubmission, rounds: int) -> None:
    cpu, lost = [], 0
    with (
        Recorder(running.cluster.admin_url, running.cluster.log) as recorder,
        psycopg.connect(running.cluster.service_url) as service,
    ):
        for _ in range(rounds):
            with recorder.window() as window:
                for number in range(STATEMENTS):
                    service.execute("select * from pg_class where oid = %s", (number,))
                service.commit()
                started = time.process_time()
            cpu.append(time.process_time() - started)
            lost += STATEMENTS - sum(statement.plan is not None for statement in window.all)
    print(
        f"  window of {STATEMENTS} statements: {median(cpu) * 1000:.1f} ms of CPU to close, read and parse"
        f"  (aim: {AIM_CPU:.0f}), {lost} of {rounds * STATEMENTS} lost"
    )


if __name__ == "__main__":
    main()
