"""What CI's check of the proofs costs with as many katas as there are, and with twice as many.

    python benchmarks/proof_budget.py [--budget 3m] [--jobs N] [--sample-seed N]

Both runs are `kata author check --budget`. The second has a pack with a copy of each built-in kata under another name;
the copies' ledgers say the same of them. Reported are the rows that were run again, the seconds, and the CPU seconds of
all processes that were waited for; and alone, what it costs to say which rows hold, which is all that grows.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graders.authoring.judged_digest import JudgedDigests
from graders.authoring.ledger import NAME, ledger_of, render_ledger
from graders.authoring.matrix import candidates_of
from graders.packs.loader import open_packs
from graders.packs.records import Kata

AGAIN = re.compile(r"(\d+) of (\d+) rows run again .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Measured:
    """One command: what it printed, and its cost."""

    output: str
    code: int
    seconds: float
    cpu: float


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--budget", default="3m")
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--sample-seed", default="1")
    asked = parser.parse_args()
    katas = open_packs().katas()
    budget = ["--budget", asked.budget, "--jobs", asked.jobs, "--sample-seed", asked.sample_seed]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        copies = copied(katas, base / "pack")
        environment = {"KATA_CACHE_DIR": f"{base}/cache", **os.environ, "KATA_STATE_DIR": f"{base}/state"}
        for count, packs in ((len(katas), []), (2 * len(katas), ["--pack", str(copies)])):
            state = measured([*packs, "author", "check"], environment)
            sample = measured([*packs, "author", "check", *budget], environment)
            print(f"{count} katas: {described(sample)}")
            print(f"    of that, what holds: {state.seconds:.1f} s, {state.cpu:.1f} CPU s", flush=True)
            if sample.code not in (0, 1):
                sys.exit(sample.output)
    return 0


def described(run: Measured) -> str:
    found = AGAIN.search(run.output)
    rows = found[0] if found else f"no row was run again:\n{run.output}"
    return f"{rows}\n    {run.seconds:.1f} s, {run.cpu:.1f} CPU s, exit code {run.code}"


def copied(katas: Sequence[Kata], pack: Path) -> Path:
    """A pack with a copy of each kata, and a ledger that holds for the copy."""
    for kata in katas:
        folder = shutil.copytree(kata.folder, pack / "katas" / f"{kata.slug}-copy")
        path = folder / "kata.yaml"
        path.write_text(path.read_text().replace(f"slug: {kata.slug}\n", f"slug: {kata.slug}-copy\n", 1))
    packs = open_packs((pack,))
    for kata in katas:
        copy = packs.kata(f"{kata.slug}-copy")
        judged = JudgedDigests(copy, packs)
        digests = {candidate.name: judged.of(candidate) for candidate in candidates_of(copy)}
        ledger = ledger_of(kata)
        rows = {
            name: replace(row, digest=digests[name]) for name, row in ledger.rows.items() if name in digests
        }
        (copy.folder / NAME).write_text(render_ledger(replace(ledger, kata=copy.slug, rows=rows)))
    return pack


def measured(arguments: Sequence[str], environment: dict[str, str]) -> Measured:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "toolkit", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(done.stdout + done.stderr, done.returncode, seconds, cpu)


if __name__ == "__main__":
    sys.exit(main())
