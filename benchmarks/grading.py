"""What judging costs compared with what it judges: `kata test` against a service and a suite that run bare.

    python benchmarks/grading.py [SLUG] [--runs N]

A: the whole command `kata test` on the reference, template and dependencies warm. B: the start of the same service,
and the same suite by a fresh pytest process against a service and a database that run already. Reported are the
medians, A / B and A - B.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from graders.authoring.gate import render_candidate
from graders.authoring.matrix import candidates_of
from graders.grading.grader import Grader, Options, RunningSubmission, suite_job
from graders.packs.loader import open_packs
from graders.results.codec import encode
from graders.submission.folder import Submission
from graders.suite.channel import Channel
from graders.suite.runner import listen

BARE = """
import socket, sys
from graders.results.codec import decode
from graders.suite.channel import Channel
from graders.suite.messages import SuiteJob
from graders.suite.plugin import run
job = decode(sys.argv[2].encode(), SuiteJob)
sys.exit(run(job, Channel(socket.socket(fileno=int(sys.argv[1])))))
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slug", nargs="?", default="n-plus-one")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        environment = os.environ | {"KATA_DATA_DIR": f"{base}/data", "KATA_CACHE_DIR": f"{base}/cache"}
        (base / "runs").mkdir()
        packs = open_packs()
        kata = packs.kata(arguments.slug)
        references = [candidate for candidate in candidates_of(kata) if candidate.kind == "reference"]
        reference = min(references, key=lambda candidate: candidate.stack != "python-fastapi")
        submission = render_candidate(kata, packs, reference, base / "work")
        options = Options(cache=base / "cache", runs=base / "runs", variables=dict(os.environ), seed=1)
        first = whole(base / "work", environment)
        command, bare = [], []
        for _ in range(arguments.runs):
            command.append(whole(base / "work", environment))
            bare.append(bare_run(options, submission))
        a, b = median(command), median(bare)
        print(f"{kata.slug} on {reference.stack}, medians of {arguments.runs} runs")
        print(f"  first run, template and dependencies made   {first:6.2f} s")
        print(f"  A  kata test                                {a:6.2f} s")
        print(f"  B  service start-up + bare pytest           {b:6.2f} s")
        print(f"  A / B {a / b:.2f} (aim: 1.15)   A - B {a - b:+.2f} s (aim: 0.5)")


def whole(work: Path, environment: dict[str, str]) -> float:
    """Seconds of one `kata test`."""
    started = time.perf_counter()
    done = subprocess.run(
        [str(Path(sys.executable).parent / "kata"), "test", str(work), "--seed", "1", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - started
    if done.returncode != 0:
        sys.exit(f"kata test ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr}")
    assert json.loads(done.stdout)["score"] == 100
    return taken


def bare_run(options: Options, submission: Submission) -> float:
    """Seconds of the service's start plus a bare pytest process, with a database that runs already."""
    with Grader(options) as grader, grader.running(submission) as running:
        service = running.control.service
        service.stop()
        started = time.perf_counter()
        service.start()
        start_up = time.perf_counter() - started
        started = time.perf_counter()
        bare_suite(submission, running)
        return start_up + time.perf_counter() - started


def bare_suite(submission: Submission, running: RunningSubmission) -> None:
    kata = submission.kata
    job = suite_job(kata, running, running.folder, [check.id for check in kata.checks])
    ours, theirs = socket.socketpair()
    with theirs:
        suite = subprocess.Popen(
            [sys.executable, "-c", BARE, str(theirs.fileno()), encode(job)],
            pass_fds=(theirs.fileno(),),
            cwd=running.folder,
            stdout=subprocess.DEVNULL,
        )
    outcome = listen(Channel(ours), running.control, lambda _: None)
    suite.wait()
    if outcome.error or any(report.outcome != "passed" for report in outcome.reports):
        sys.exit(f"the bare suite failed: {outcome}")


if __name__ == "__main__":
    main()
