"""`kata sql` on big logs: CPU seconds for 10 MB, resident memory from 10 MB to 1 GB.

Run: python benchmarks/sql_logs.py [--big MEGABYTES]. The log is what a live service made PostgreSQL write, repeated
with other sessions, times and values.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

RECORDED = Path(__file__).parent.parent / "tests" / "graders" / "logs" / "recorded"
_MEGABYTE = 1_000_000
_MEASURE = """
import json, resource, sys
sys.argv = ["kata", "sql", sys.argv[1], "--json", "--fail-on", "none"]
from contextlib import redirect_stdout
from io import StringIO
from toolkit.command_line import run_verb
out = StringIO()
with redirect_stdout(out):
    run_verb(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
document = json.loads(out.getvalue())
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1000,
    "statements": document["statements"], "requests": document["requests"], "findings": len(document["findings"])}))
"""


def make_log(path: Path, megabytes: int, *, plans: bool) -> None:
    """A jsonlog of about that size; without plans as log_statement alone writes it."""
    lines = (RECORDED / "node.json").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if plans or "plan:" not in line]
    rows = [json.loads(line) for line in kept]
    written, round_number = 0, 0
    with path.open("w", encoding="utf-8") as log:
        while written < megabytes * _MEGABYTE:
            for row in rows:
                text = json.dumps(_varied(row, round_number)) + "\n"
                log.write(text)
                written += len(text)
            round_number += 1


def _varied(row: dict[str, object], number: int) -> dict[str, object]:
    changed = dict(row)
    timestamp = datetime.strptime(str(row["timestamp"])[:19], "%Y-%m-%d %H:%M:%S") + timedelta(
        seconds=number * 5
    )
    changed["timestamp"] = f"{timestamp:%Y-%m-%d %H:%M:%S}{str(row['timestamp'])[19:]}"
    changed["session_id"] = f"{row['session_id']}{number % 50:x}"
    if "detail" in changed:
        changed["detail"] = str(row["detail"]).replace("= '1", f"= '{number}1")
    return changed


def measure(path: Path) -> dict[str, float]:
    """CPU seconds and peak memory of one `kata sql` in a process of its own, start-up included."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--big", type=int, default=1000, help="megabytes of the big log")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for megabytes, plans in ((10, False), (10, True), (asked.big, False)):
            log = Path(folder) / "log.json"
            make_log(log, megabytes, plans=plans)
            found = measure(log)
            kind = "with plans" if plans else "statements only"
            print(
                f"{megabytes:>5} MB {kind:<16} {found['statements']:>9,} statements  {found['cpu']:>7.2f} s CPU  "
                f"{found['peak_mb']:>6.0f} MB peak  {found['findings']} findings"
            )


if __name__ == "__main__":
    main()
