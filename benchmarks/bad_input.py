"""How kata takes damaged input: about 800 files of all kinds that it reads, mutated by a seed, through its own verbs.

    python benchmarks/bad_input.py [--inputs N] [--seed N]

Each input must give a result or a sentence with the next step: none may end in "kata itself went wrong".
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "toolkit"))

from bad_input import KINDS, Outcome, run_all

CODES = {0: "done", 1: "not there yet", 2: "input", 3: "machine"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=805)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kata-bad-input-") as folder:
        outcomes = list(run_all(Path(folder), seed=asked.seed, inputs=asked.inputs))
    print_table(outcomes)
    faults = [one for one in outcomes if one.our_fault]
    for one in faults:
        print(f"\n{one.kind} {one.number}: {' '.join(one.command)[:200]!r}\n{one.said.strip()[:600]}")
    inputs = len({(one.kind, one.number) for one in outcomes})
    bad = len({(one.kind, one.number) for one in faults})
    print(
        f"\n{inputs} inputs, {len(outcomes)} commands, seed {asked.seed}: "
        f"{bad} inputs ended in an internal error (must be 0)"
    )
    return 1 if faults else 0


def print_table(outcomes: list[Outcome]) -> None:
    print(
        f"{'input':<28} {'commands':>8}  "
        + "  ".join(f"{name:>13}" for name in CODES.values())
        + "  internal"
    )
    for kind in KINDS:
        of = [one for one in outcomes if one.kind == kind.name]
        codes = Counter(one.code for one in of if not one.our_fault)
        row = "  ".join(f"{codes[code]:>13}" for code in CODES)
        print(f"{kind.name:<28} {len(of):>8}  {row}  {sum(one.our_fault for one in of):>8}")


if __name__ == "__main__":
    sys.exit(main())
