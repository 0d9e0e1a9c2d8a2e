"""What differed from its proof in a run of the gate, told, and run again three times: it must not differ then.

python .ci/again.py GATE.json     # what `kata author check --json` printed
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def main(report: Path) -> int:
    katas = json.loads(report.read_text())["katas"]
    for kata in katas:
        verdict = "proved" if kata["proved"] else "NOT PROVED"
        print(f"{kata['kata']}: {verdict}, {len(kata['rows'])} solutions")
    return max((again(kata) for kata in katas if not kata["proved"]), default=0)


def again(kata: dict) -> int:
    for problem in [*kata["audit"], *(problem for row in kata["rows"] for problem in row["problems"])]:
        print(f"{kata['kata']}: {problem}", flush=True)
    names = [row["name"] for row in kata["rows"] if row["problems"]]
    # The audit, and the run with odd answers, come with any reference.
    names = names or [next(row["name"] for row in kata["rows"] if row["kind"] == "reference")]
    only = [part for name in names for part in ("--only", name)]
    command = [Path(sys.executable).with_name("kata"), "author", "check", kata["kata"], "--repeat=3", *only]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
