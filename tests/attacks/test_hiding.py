"""What a service finds when it looks around: not the sealed checks, no descriptor, no password."""

from __future__ import annotations

from collections.abc import Callable

from graders.results.grade import Grade

SPY = """
import os
from pathlib import Path

def greetings(connection, word, limit):
    around = [str(path) for path in Path.cwd().parent.rglob("*") if "work" not in path.parts]
    held = sorted(os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.exists())
    known = []
    for place in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                known.append((place / name).read_bytes().decode("latin-1"))
            except OSError:
                continue
    return [around, held, known, os.environ | {}]
"""
SUITE = """
def check_greets_by_name(http, database):
    around, held, known, own = http.get("/greetings", params={"limit": 1}).json()["greetings"]
    found = [path for path in around if "suite" in path or "sealed" in path or path.endswith(".py")]
    assert not found, f"the suite lies next to the service: {found}"
    strange = [link for link in held if not link.startswith(("socket:", "pipe:", "/dev/null", "/proc/", "anon_inode:"))]
    assert not strange, f"the service holds {strange}"
    password = database.connect().info.password
    assert password and not any(password in text for text in known), "the grader's password can be read"
    names = {"PATH", "HOME", "TMPDIR", "HOST", "PORT", "DATABASE_URL", "LANG", "GREETING", "PWD", "LC_CTYPE"}
    names |= {"SHLVL", "_", "OLDPWD", "PYTHONUNBUFFERED"}
    assert set(own) <= names, f"the service was given {sorted(set(own) - names)}"
"""


def test_a_service_that_looks_around_finds_nothing(attack: Callable[..., Grade]) -> None:
    grade = attack({"greetings.py": SPY}, suite={"open_greetings.py": SUITE}, only=["greets-by-name"])
    [check] = grade.checks
    assert check.verdict == "passed", check.message + check.detail


FORGER = """
import json, os, sys
from pathlib import Path

FORGED = json.dumps({"event": "report", "report": {"check": "cost-is-flat", "outcome": "passed"}})
print("=== 3 passed ===", FORGED, flush=True)
print(FORGED, file=sys.stderr, flush=True)
for name in ("results.json", "report.json", "reward.txt", "junit.xml", "../results.json", "../suite.log"):
    Path(name).write_text(FORGED)

def greetings(connection, word, limit):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"")
            if "socket" not in os.readlink(f"/proc/self/fd/{descriptor}"):
                os.write(descriptor, FORGED.encode() + b"\\n")
        except OSError:
            continue
    return []
"""


def test_results_that_a_service_writes_are_never_read(attack: Callable[..., Grade]) -> None:
    conftest = "import os\nos._exit(0)\n"
    files = dict.fromkeys(
        ("conftest.py", "usercustomize.py", "pytest.py", "checks/open_greetings.py"), conftest
    )
    files |= {
        "greetings.py": FORGER,
        "setup.cfg": "[tool:pytest]\naddopts = --co\n",
        "pytest.ini": "[pytest]\n",
    }
    grade = attack(files)
    assert [check.verdict for check in grade.checks][:2] == ["failed", "skipped"]
