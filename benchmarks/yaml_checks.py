"""What a check in YAML costs more than the same check in Python: medians of seconds in one suite, and the difference.

    python benchmarks/yaml_checks.py [--rounds 15]

Both make the same requests of the same service in the same run; the order alternates between runs. The aim is at most
5 ms more for each check. Exits with 1 beyond it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from graders.authoring.gate import render_candidate
from graders.authoring.matrix import candidates_of
from graders.grading.grader import Grader, Options
from graders.packs.loader import Packs
from toolkit.settings import load_settings

TINY = Path(__file__).parent.parent / "tests" / "packs" / "tiny"
MOST_MILLISECONDS = 5.0
PYTHON = """\
def {name}(http, database):
    for size in (1, 3, 9):
        answer = http.get("/greetings", params={{"limit": size}})
        assert answer.status == 200, f"the status is {{answer.status}}"
        assert answer.media_type == "application/json", f"the type is {{answer.media_type}}"
        greetings = answer.json()["greetings"]
        assert len(greetings) == size, f"there are {{len(greetings)}} greetings"
        rows = database.rows("select name from people order by id limit %s", size)
        assert greetings[0].endswith(rows[0]["name"]), "the first one is another"
"""
YAML = """\
checks:
  {id}:
    - each:
        in: [1, 3, 9]
        steps:
          - get: /greetings
            params: {{limit: "{{value}}"}}
            expect: {{status: 200, type: application/json, json: {{greetings: {{length: "{{value}}"}}}}}}
            because: The list is complete.
            keep: {{first: "greetings[0]"}}
          - sql: select name from people order by id limit :value
            keep: {{name: "rows[0].name"}}
          - expect: {{first: "Hello, {{name}}"}}
            because: The first one is greeted by name.
"""
# Both ids are checks of the tiny kata; each takes its turn in either language.
IDS = ("cost-is-flat", "survives-a-kill")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {"yaml": [], "python": []}
    with tempfile.TemporaryDirectory(prefix="kata-bench-") as folder:
        for turn in range(rounds):
            for language, taken in run(Path(folder) / str(turn), swapped=bool(turn % 2)).items():
                seconds[language].append(taken)
    medians = {language: statistics.median(taken) * 1000 for language, taken in seconds.items()}
    more = medians["yaml"] - medians["python"]
    print(
        f"yaml {medians['yaml']:.1f} ms, python {medians['python']:.1f} ms, difference {more:+.1f} ms, {rounds} runs"
    )
    return 1 if more > MOST_MILLISECONDS else 0


def run(folder: Path, *, swapped: bool) -> dict[str, float]:
    """Seconds of the same check in both languages, in one run."""
    pack = Path(shutil.copytree(TINY, folder / "pack"))
    suite = pack / "katas/greeting/suite"
    for path in suite.glob("*.py"):
        path.unlink()
    first, second = reversed(IDS) if swapped else IDS
    (suite / "sealed_a.yaml").write_text(YAML.format(id=first))
    # The first check of a run opens connections for all of them.
    (suite / "open_first.py").write_text(PYTHON.format(name="check_greets_by_name"))
    (suite / "sealed_b.py").write_text(PYTHON.format(name=f"check_{second.replace('-', '_')}"))
    packs = Packs([pack])
    kata = packs.kata("greeting")
    candidate = next(one for one in candidates_of(kata) if one.kind == "reference")
    runs = folder / "runs"
    runs.mkdir()
    options = Options(cache=load_settings().cache_dir, runs=runs, variables=dict(os.environ), seed=1)
    with Grader(options) as grader:
        grade = grader.grade(render_candidate(kata, packs, candidate, folder / "repository"))
    taken = {check.id: check for check in grade.checks}
    assert taken[first].verdict == taken[second].verdict == "passed", grade.checks
    return {"yaml": taken[first].seconds, "python": taken[second].seconds}


if __name__ == "__main__":
    sys.exit(main())
