"""Start-up: whole-process times of cheap verbs as ratios of medians to `python -c pass`, measured in turns.

`python benchmarks/startup.py [--rounds N] [--with-check50]`; the latter installs check50 into a temporary
environment (needs the network) and asks it for its version.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

KATA = str(Path(sys.executable).parent / "kata")
LIMITS = {"kata --version": 2.0, "kata list": 8.0}
BASE = "python -c pass"
OTHER = "check50 --version"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--with-check50", action="store_true")
    asked = parser.parse_args()
    commands: dict[str, Sequence[str]] = {
        BASE: (sys.executable, "-c", "pass"),
        "kata --version": (KATA, "--version"),
        "kata list": (KATA, "list"),
        "kata --help": (KATA, "--help"),
        "kata status": (KATA, "status"),
    }
    with tempfile.TemporaryDirectory(prefix="kata-startup-") as scratch:
        if asked.with_check50:
            commands[OTHER] = (install_check50(Path(scratch)), "--version")
        medians = measure(commands, asked.rounds)
    return summarise(medians)


def measure(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, float]:
    """Seconds, the median of `rounds`; the commands take turns, so that a busy moment hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    # An installed package has its bytecode; a checkout gets it in the first round.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
            if turn:  # the first round only warms the caches
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def summarise(medians: Mapping[str, float]) -> int:
    """Print the table; 1 where a limit is broken."""
    broken = False
    print(f"{'command':<20} {'median':>10} {'ratio':>7}  limit")
    for name, seconds in medians.items():
        ratio = seconds / medians[BASE]
        limit = LIMITS.get(name)
        broken |= limit is not None and ratio > limit
        print(f"{name:<20} {seconds * 1000:>7.1f} ms {ratio:>6.1f}x  {f'<= {limit:.0f}x' if limit else ''}")
    if OTHER in medians:
        for name in LIMITS:
            faster = medians[OTHER] / medians[name]
            broken |= faster < 1.5
            print(f"{name} is {faster:.1f} times faster than {OTHER} (at least 1.5)")
    return 1 if broken else 0


def install_check50(folder: Path) -> str:
    """The path of a `check50` in an environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "-q", "check50"], check=True)
    return str(folder / "bin" / "check50")


if __name__ == "__main__":
    sys.exit(main())
