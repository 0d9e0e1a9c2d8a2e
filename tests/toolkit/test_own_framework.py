"""A learner who brings everything: `kata start --stack own`, a service of one's own, and a report that names it."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

from running import TINY, Kata

SOLVED = TINY / "katas" / "greeting"


def bring_service(root: Path, command: str) -> None:
    for source in (
        SOLVED / "starter" / "python-plain" / "server.py",
        SOLVED / "solutions" / "reference" / "greetings.py",
    ):
        (root / source.name).write_bytes(source.read_bytes())
    (root / "Procfile").write_text(f"web: exec {command}\n")


def test_a_service_of_one_s_own_is_judged_and_named_as_what_it_is(tiny: Kata) -> None:
    started = tiny("start", "greeting", "--stack", "own", "--no-git")
    assert started.returncode == 0, started.stderr
    assert "It holds no code" in started.stdout
    root = tiny.home / "greeting"
    untouched = tiny("test", root)
    assert untouched.returncode == 1
    assert "no line starts with `web:`" in untouched.stdout
    bring_service(root, f"{sys.executable} server.py")
    judged = tiny("test", root, "--json")
    grade = json.loads(judged.stdout)
    assert (judged.returncode, grade["score"], grade["stack"]) == (0, 100, "own")
    assert grade["program"] == {
        "command": f"{sys.executable} server.py",
        "executable": str(Path(sys.executable).resolve()),
        "runtime": f"Python {platform.python_version()}",
    }
    report = tiny("report", root, "--verbose").stdout
    assert f"own (Python {platform.python_version()})" in report
    assert "The service ran as" in report
    green = tiny("report", root).stdout
    assert "the starter has" not in green
    # The stack that was named last.
    again = tiny("start", "greeting", "again", "--no-git")
    assert "stack: own" in (tiny.home / "again" / ".kata.yaml").read_text(), again.stderr


def test_a_script_that_calls_itself_a_runtime_is_seen_through(tiny: Kata) -> None:
    tiny("start", "greeting", "--stack", "own", "--no-git")
    root = tiny.home / "greeting"
    bring_service(root, "./python server.py")
    wrapper = root / "python"
    wrapper.write_text(
        f"#!{sys.executable}\nimport runpy, sys\nrunpy.run_path(sys.argv[1], run_name='__main__')\n"
    )
    wrapper.chmod(0o755)
    grade = json.loads(tiny("test", root, "--only", "greets-by-name", "--json").stdout)
    assert grade["program"]["runtime"] == f"Python {platform.python_version()}"
    assert "./python server.py" in grade["program"]["command"]


def test_a_solution_is_shown_for_another_stack(tiny: Kata) -> None:
    tiny("start", "greeting", "--stack", "own", "--no-git")
    shown = tiny("solution", "--give-up", cwd=tiny.home / "greeting")
    assert shown.returncode == 0, shown.stderr
