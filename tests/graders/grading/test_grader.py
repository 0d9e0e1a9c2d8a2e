"""A submission's way from its folder to a grade, on a tiny kata with real services and a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graders.authoring.gate import prove, render_candidate
from graders.authoring.matrix import Candidate, candidates_of
from graders.errors import UsageError
from graders.grading.grader import Grader, Options
from graders.grading.progress import Event
from graders.packs.loader import Packs, open_packs
from graders.packs.selection import chosen
from graders.results.grade import Grade
from graders.sandbox.process import PlainProcess, ProcessSandbox

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"


@pytest.fixture
def options(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Options:
    # One cache for all workers: a template is made once, whoever comes first.
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    runs = tmp_path / "runs"
    runs.mkdir()
    return Options(cache=shared / "kata-cache", runs=runs, variables=dict(os.environ), seed=7)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the tiny pack, to be changed."""
    return Path(shutil.copytree(TINY, tmp_path / "pack"))


Judge = Callable[..., Grade]


@pytest.fixture
def judge(options: Options, tmp_path: Path) -> Iterator[Judge]:
    def judged(
        name: str = "reference",
        root: Path = TINY,
        progress: Callable[[Event], None] | None = None,
        **changes: object,
    ) -> Grade:
        packs = Packs([root])
        kata = packs.kata("greeting")
        candidate = next(candidate for candidate in candidates_of(kata) if candidate.name == name)
        with Grader(replace(options, **changes)) as grader:  # type: ignore[arg-type]
            submission = render_candidate(kata, packs, candidate, tmp_path / "repository")
            return grader.grade(submission, progress=progress or (lambda _: None))

    yield judged
    assert list(options.runs.iterdir()) == [], "a run left something behind"


def verdicts(grade: Grade) -> dict[str, str]:
    return {check.id: check.verdict for check in grade.checks}


def test_the_reference_passes_every_check(judge: Judge) -> None:
    grade = judge()
    assert verdicts(grade) == dict.fromkeys(("greets-by-name", "cost-is-flat", "survives-a-kill"), "passed")
    assert (grade.score, grade.max, grade.valid, grade.exit_code) == (100, 100, True, 0)
    assert grade.seed == 7
    assert grade.versions["postgres"]
    assert grade.findings == ()


def test_a_run_that_ends_at_the_first_failure_says_nothing_of_the_rest(judge: Judge) -> None:
    grade = judge("forgets-names", fail_fast=True)
    assert verdicts(grade) == {"greets-by-name": "failed"}
    assert (grade.partial, grade.valid, grade.exit_code) == (True, True, 1)
    assert judge("reference", fail_fast=True).score == 100


def test_the_starter_is_convicted_by_growth_with_its_evidence(judge: Judge) -> None:
    grade = judge("starter-python-plain")
    failed = next(check for check in grade.checks if check.verdict == "failed")
    assert failed.id == "cost-is-flat"
    [cost] = failed.costs
    assert (cost.sizes, cost.values, cost.slope) == ((3, 12, 48), (4, 13, 49), 1.0)
    assert "4, 13, 49 statements for 3, 12, 48 persons" in failed.message
    repeated = failed.evidence.statements[0]
    assert repeated["times"] == 48
    assert len(repeated["parameters"]) == 2
    assert failed.evidence.requests[-1]["curl"].startswith("curl ")
    assert failed.feedback == "Every greeting asks the database once more."
    [finding] = failed.evidence.findings
    assert (finding["rule"], finding["confidence"], finding["slope"]) == ("n-plus-one", "proved", 1.0)
    assert finding["request"].startswith("GET ")
    assert [(advice["rule"], advice["confidence"]) for advice in grade.findings] == [("n-plus-one", "proved")]
    assert grade.exit_code == 1


def test_progress_names_each_phase_and_each_check_as_it_ends(judge: Judge) -> None:
    heard: list[Event] = []
    judge(progress=heard.append)
    phases = [event.name for event in heard if event.kind == "phase"]
    assert phases == ["dependencies", "database", "copy", "release", "service", "suite"]
    ended = [
        (event.name, event.report and event.report.outcome) for event in heard if event.kind == "check-ended"
    ]
    assert ended == [("greets-by-name", "passed"), ("cost-is-flat", "passed"), ("survives-a-kill", "passed")]


def test_only_runs_what_is_named_and_what_that_needs(judge: Judge) -> None:
    grade = judge(only=["cost-is-flat"])
    assert verdicts(grade) == {"greets-by-name": "passed", "cost-is-flat": "passed"}
    assert grade.partial


def test_an_unknown_check_is_refused_with_the_one_that_was_meant() -> None:
    kata = Packs([TINY]).kata("greeting")
    with pytest.raises(UsageError, match="no check `cost-is-flt`") as caught:
        chosen(kata, ["cost-is-flt"])
    assert caught.value.hint == "did you mean `cost-is-flat`?"


def test_a_larger_world_has_more_rows(judge: Judge, pack: Path) -> None:
    counting = pack / "katas/greeting/suite/open_greetings.py"
    text = "def check_greets_by_name(database):\n    count = database.value('select count(*) from people')\n"
    counting.write_text(text + "    assert count == 150, f'{count} rows'\n")
    assert verdicts(judge(root=pack, dataset="large", only=["greets-by-name"])) == {
        "greets-by-name": "passed"
    }


def test_a_kata_without_a_schema_starts_with_an_empty_database(judge: Judge, pack: Path) -> None:
    kata = pack / "katas/greeting"
    for name in ("schema.sql", "seed.sql"):
        (kata / name).unlink()
    (kata / "suite/open_greetings.py").write_text(
        "def check_greets_by_name(database):\n"
        "    assert database.value(\"select count(*) from pg_tables where schemaname = 'public'\") == 0\n"
    )
    assert verdicts(judge(root=pack, only=["greets-by-name"])) == {"greets-by-name": "passed"}


def test_placeholders_are_filled_in_for_the_service_and_for_the_suite(judge: Judge, pack: Path) -> None:
    manifest = pack / "katas/greeting/kata.yaml"
    manifest.write_text(
        manifest.read_text().replace(
            "{GREETING: Hello}", "{GREETING: 'on {postgres.host}', RAW: '{{environment}}'}"
        )
    )
    (pack / "katas/greeting/suite/open_greetings.py").write_text(
        "def check_greets_by_name(http, variables):\n"
        "    assert variables == {'GREETING': 'on 127.0.0.1', 'RAW': '{environment}'}, variables\n"
        "    greetings = http.get('/greetings?limit=1').json()['greetings']\n"
        "    assert greetings[0].startswith('on 127.0.0.1'), greetings\n"
    )
    grade = judge(root=pack, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "passed"}, grade.checks[0]


def test_the_grade_says_the_tier_of_the_sandbox_that_was_handed_in(judge: Judge) -> None:
    handed: list[tuple[str, set[str]]] = []

    class Watched(ProcessSandbox):
        tier = "T9"

        def start(self, command: str, **place: Any) -> PlainProcess:
            changeable = {mount.path.name for mount in place["mounts"] if mount.access != "read"}
            handed.append((place["network"], changeable))
            return super().start(command, **place)

    assert judge(only=["greets-by-name"], sandbox=Watched).tier == "T9"
    assert any(network == "loopback" and changeable > {"work"} for network, changeable in handed), handed


@pytest.mark.parametrize("line", ["from graders.suite.api import openapi", "from graders import openapi"])
def test_the_slow_imports_of_a_suite_are_made_before_it_is_forked(
    judge: Judge, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (pack / "katas/greeting/suite/open_greetings.py").write_text(
        "import sys\n\nSEEN = 'schemathesis.engine.core' in sys.modules\n\n"
        f"{line}\n\n\n"
        "def check_greets_by_name():\n    assert SEEN, 'imported while the learner waits'\n"
    )
    assert verdicts(judge(root=pack, only=["greets-by-name"])) == {"greets-by-name": "passed"}
    assert list(Path.cwd().iterdir()) == [], "the tables of characters are kept in the cache"


def test_a_suite_of_an_older_pack_runs_with_old_imports_and_the_old_fixture(judge: Judge, pack: Path) -> None:
    (pack / "katas/greeting/suite/open_greetings.py").write_text(
        "from graders.client import Answer\nfrom graders.wire import Wire\nfrom graders.reading import shown\n\n\n"
        "def check_greets_by_name(http, wire, proxy):\n"
        "    assert isinstance(wire, Wire) and wire is proxy\n"
        "    answer = http.get('/greetings', params={'limit': 1})\n"
        "    assert isinstance(answer, Answer)\n"
        "    assert shown(answer)['greetings'], 'nobody was greeted'\n"
    )
    grade = judge(root=pack, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "passed"}, grade.checks


def test_a_mistake_in_the_suite_is_broken_and_ours(judge: Judge, pack: Path) -> None:
    suite = pack / "katas/greeting/suite/open_greetings.py"
    suite.write_text("def check_greets_by_name():\n    1 / 0\n")
    grade = judge(root=pack, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "broken"}
    assert "ZeroDivisionError" in grade.checks[0].detail
    assert grade.checks[0].message == ""
    assert (grade.valid, grade.exit_code) == (False, 3)


def test_a_suite_that_cannot_be_imported_is_broken(judge: Judge, pack: Path) -> None:
    (pack / "katas/greeting/suite/sealed_costs.py").write_text("import nothing_of_that_name\n")
    grade = judge(root=pack)
    assert verdicts(grade)["cost-is-flat"] == "broken"
    assert "nothing_of_that_name" in next(check.detail for check in grade.checks if check.verdict == "broken")
    assert grade.exit_code == 3


def test_a_suite_that_ends_early_with_success_is_broken(judge: Judge, pack: Path) -> None:
    suite = pack / "katas/greeting/suite/sealed_costs.py"
    suite.write_text(
        "import os\n\ndef check_cost_is_flat():\n    os._exit(0)\n\ndef check_survives_a_kill():\n    pass\n"
    )
    grade = judge(root=pack)
    assert verdicts(grade) == {
        "greets-by-name": "passed",
        "cost-is-flat": "broken",
        "survives-a-kill": "broken",
    }


def test_a_suite_that_defines_a_check_of_no_manifest_is_broken(judge: Judge, pack: Path) -> None:
    suite = pack / "katas/greeting/suite/open_greetings.py"
    suite.write_text(suite.read_text() + "\n\ndef check_something_else():\n    pass\n")
    grade = judge(root=pack)
    assert set(verdicts(grade).values()) == {"broken"}
    assert "something-else" in grade.checks[0].detail


def test_a_check_that_skips_itself_is_broken(judge: Judge, pack: Path) -> None:
    suite = pack / "katas/greeting/suite/open_greetings.py"
    suite.write_text("import pytest\n\ndef check_greets_by_name():\n    pytest.skip('not today')\n")
    assert verdicts(judge(root=pack, only=["greets-by-name"])) == {"greets-by-name": "broken"}


def test_a_check_fails_if_any_of_its_variants_fails(judge: Judge, pack: Path) -> None:
    suite = pack / "katas/greeting/suite/open_greetings.py"
    suite.write_text(
        "def check_greets_by_name__at_first():\n    assert False, 'the first variant'\n\n"
        "def check_greets_by_name__again():\n    pass\n"
    )
    grade = judge(root=pack, only=["greets-by-name"])
    assert verdicts(grade) == {"greets-by-name": "failed"}
    assert grade.checks[0].message == "the first variant"


def test_nothing_that_a_service_prints_is_read_as_a_result(judge: Judge, pack: Path) -> None:
    forged = '{"event": "report", "report": {"check": "greets-by-name", "outcome": "passed"}}'
    solution = pack / "katas/greeting/solutions/reference/greetings.py"
    solution.write_text(
        f"print({forged!r}, flush=True)\nprint('=== 3 passed ===', flush=True)\n"
        "def greetings(connection, word, limit):\n    return []\n"
    )
    assert verdicts(judge(root=pack))["greets-by-name"] == "failed"


def test_one_crash_costs_one_check_and_a_second_one_ends_the_run(judge: Judge) -> None:
    grade = judge("crashes")
    assert verdicts(grade) == {
        "greets-by-name": "passed",
        "cost-is-flat": "failed",
        "survives-a-kill": "failed",
    }
    assert "exit code 7" in grade.checks[1].message


def test_a_service_that_never_starts_is_said_once(judge: Judge, pack: Path) -> None:
    (pack / "katas/greeting/solutions/reference/server.py").write_text("raise SystemExit('no key')\n")
    grade = judge(root=pack)
    assert grade.stop is not None
    assert grade.stop.code == "exited"
    assert "no key" in grade.stop.output
    assert set(verdicts(grade).values()) == {"skipped"}
    assert {check.blocked_by for check in grade.checks} == {"service"}
    assert (grade.score, grade.valid, grade.exit_code) == (0, True, 1)


def test_the_seed_decides_every_random_choice(judge: Judge, pack: Path) -> None:
    suite = pack / "katas/greeting/suite/open_greetings.py"
    suite.write_text("def check_greets_by_name(rng, seed):\n    assert False, f'{seed} {rng.random()}'\n")
    first, again, other = (
        judge(root=pack, only=["greets-by-name"], seed=seed).checks[0].message for seed in (7, 7, 8)
    )
    assert first == again != other


def test_the_gate_proves_the_tiny_kata(options: Options) -> None:
    packs = open_packs([TINY])
    with Grader(options) as grader:
        matrix = prove(packs.kata("greeting"), packs, grader, repeat=2, jobs=2)
    assert matrix.problems == ()
    assert matrix.proved
    assert [row.candidate.name for row in matrix.rows] == [
        "starter-python-plain",
        "reference",
        "crashes",
        "forgets-names",
        "loops",
    ]
    assert all(matrix.killers(check.id) for check in matrix.kata.checks)


def test_the_gate_names_a_flawed_solution_that_passes(options: Options, pack: Path) -> None:
    good = pack / "katas/greeting/solutions/reference/greetings.py"
    shutil.copy(good, pack / "katas/greeting/solutions/loops/greetings.py")
    packs = Packs([pack])
    with Grader(options) as grader:
        matrix = prove(packs.kata("greeting"), packs, grader, only=["loops"])
    assert [problem.message for problem in matrix.problems] == ["`cost-is-flat` passes and should fail"]
    assert not matrix.proved


def test_the_gate_runs_nothing_of_a_kata_that_cannot_be_run(options: Options, pack: Path) -> None:
    suite = pack / "katas/greeting/suite/open_greetings.py"
    suite.write_text(suite.read_text() + "\n\ndef check_greets_by_name__b(recordings):\n    pass\n")
    packs = open_packs([pack])
    runs: list[object] = []
    with Grader(options) as grader:
        matrix = prove(packs.kata("greeting"), packs, grader, hear=lambda *run: runs.append(run))
    assert (matrix.blocked, matrix.rows, runs) == (True, (), [])
    assert [problem.where for problem in matrix.problems] == ["greeting/suite/open_greetings.py:14"]


def test_a_seed_whose_rows_differ_between_loads_is_no_proof(options: Options, pack: Path) -> None:
    schema = pack / "katas/greeting/schema.sql"
    schema.write_text(
        schema.read_text() + "alter table people add column met_at timestamptz default now();\n"
    )
    # Nothing in the text of the seed shows it.
    seed = pack / "katas/greeting/seed.sql"
    seed.write_text(seed.read_text().replace("into people", "into people (id, name)"))
    packs = open_packs([pack])
    with Grader(options) as grader:
        matrix = prove(packs.kata("greeting"), packs, grader, only=["reference"])
    assert [problem.message for problem in matrix.problems] == ["two loads differ: public.people in met_at"]


def test_a_check_that_breaks_is_named_with_its_line_and_a_remedy(options: Options, pack: Path) -> None:
    suite = pack / "katas/greeting/suite/open_greetings.py"
    suite.write_text(
        'def check_greets_by_name(http):\n    http.get("/greetings?limit=1").json()["greeted"]\n'
    )
    packs = open_packs([pack])
    with Grader(options) as grader:
        matrix = prove(packs.kata("greeting"), packs, grader, only=["reference"], loads=False)
    [problem] = matrix.problems
    assert problem.where == "reference"
    assert problem.message.endswith("is broken at suite/open_greetings.py:2: KeyError: 'greeted'")
    assert "assert that first" in problem.hint


def test_a_grader_killed_in_mid_run_leaves_nothing_once_the_next_has_ended(
    options: Options, tmp_path: Path
) -> None:
    packs = Packs([TINY])
    kata = packs.kata("greeting")
    reference = next(candidate for candidate in candidates_of(kata) if candidate.name == "reference")
    render_candidate(kata, packs, reference, tmp_path / "repository")
    script = f"""
import os, signal
from dataclasses import replace
from pathlib import Path
from graders.grading.grader import Grader, Options
from graders.packs.loader import Packs
from graders.submission.folder import open_submission
submission = open_submission(Path({str(tmp_path / "repository")!r}), Packs([Path({str(TINY)!r})]))
options = Options(cache=Path({str(options.cache)!r}), runs=Path({str(options.runs)!r}), variables=dict(os.environ))
def kill(event):
    if event.kind == "check-ended":
        os.kill(os.getpid(), signal.SIGKILL)
Grader(options).grade(submission, progress=kill)
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -9
    assert list(options.runs.iterdir()) != []
    with Grader(options):
        pass
    assert list(options.runs.iterdir()) == []
    assert processes_in(options.runs) == []


def processes_in(runs: Path) -> list[str]:
    """Command lines of processes that work in a run's directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(runs) in str((entry / "cwd").readlink()):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_a_subject_of_the_gate_says_what_it_must_fail() -> None:
    kata = Packs([TINY]).kata("greeting")
    checks = tuple(check.id for check in kata.checks)
    assert candidates_of(kata)[0] == Candidate(
        "starter-python-plain", "starter", "python-plain", ("cost-is-flat",), checks=checks
    )


FAULTS = """
def check_greets_by_name(http, service, wire, database):
    fault = wire.cut_before("select name")
    try:
        http.get("/greetings", params={"limit": 2})
    except Exception:
        pass
    fault.must_happen()


def check_survives_a_kill(wire):
    wire.cut_before("select nothing of the kind")


def check_cost_is_flat(http, gate):
    with gate.locked("people", mode="ACCESS EXCLUSIVE") as shut:
        answers = shut.fire(3, lambda n: http.get("/greetings", params={"limit": 2}).status)
    assert shut.blocked == 3, shut.blocked
    assert answers == [200, 200, 200]
"""


def test_a_check_whose_fault_did_not_take_place_is_broken(judge: Judge, pack: Path) -> None:
    suite = pack / "katas/greeting/suite"
    (suite / "sealed_costs.py").unlink()
    (suite / "open_greetings.py").write_text(FAULTS)
    grade = judge(root=pack)
    assert verdicts(grade) == {
        "greets-by-name": "passed",
        "cost-is-flat": "passed",
        "survives-a-kill": "broken",
    }
    assert "it never took place" in grade.checks[2].detail


GUILTY = """
def check_greets_by_name(http):
    asked = http.get("/greetings", params={"limit": 1})
    for limit in (2, 3, 4):
        http.get("/greetings", params={"limit": limit})
    must_be_teapot(asked)


def must_be_teapot(answer):
    assert answer.status == 418, "no teapot"
"""
FAILS = """
def check_greets_by_name(http):
    answer = http.get("/greetings", params={"limit": 1})
    assert answer.status == 200, f"it answered {answer.status}"
"""


def rewritten(pack: Path, suite: str, server: tuple[str, str] = ("", "")) -> Path:
    """The pack with another check of the greetings, and one text of its server replaced."""
    kata = pack / "katas" / "greeting"
    (kata / "suite" / "open_greetings.py").write_text(suite)
    place = kata / "starter" / "python-plain" / "server.py"
    place.write_text(place.read_text().replace(*server) if server[0] else place.read_text())
    return pack


def test_the_answer_that_an_assertion_was_about_is_shown_last(judge: Judge, pack: Path) -> None:
    grade = judge(root=rewritten(pack, GUILTY), only=["greets-by-name"])
    shown = [request["path"].rpartition("=")[2] for request in grade.checks[0].evidence.requests]
    assert shown == ["3", "4", "1"]


def test_with_a_failure_stands_what_the_service_printed_during_the_check(judge: Judge, pack: Path) -> None:
    server = ("limit = int(", "print('limit', place.query, flush=True); limit = int(")
    starting = (pack / "katas/greeting/starter/python-plain/server.py").read_text()
    (pack / "katas/greeting/starter/python-plain/server.py").write_text(f"print('starting')\n{starting}")
    grade = judge(root=rewritten(pack, FAILS.replace("== 200", "== 418"), server), only=["greets-by-name"])
    assert grade.checks[0].message == "it answered 200"
    assert grade.checks[0].evidence.output == "limit limit=1"


CRASHING = """
def check_greets_by_name__at_first(http):
    http.get("/greetings", params={"limit": 1})


def check_greets_by_name__later(http):
    answer = http.get("/greetings", params={"limit": 2})
    assert answer.status == 418, f"it answered {answer.status}"
"""


def test_a_traceback_names_the_files_of_the_repository(judge: Judge, pack: Path) -> None:
    solution = pack / "katas/greeting/solutions/reference/greetings.py"
    solution.write_text(
        "import traceback\n\n\ndef greetings(connection, word, limit):\n    try:\n        return {}[limit]\n"
        "    except KeyError:\n        traceback.print_exc()\n        return []\n"
    )
    grade = judge(root=rewritten(pack, CRASHING), only=["greets-by-name"])
    assert grade.checks[0].evidence.output.splitlines() == [
        "Traceback (most recent call last):",
        "  greetings.py:6, in greetings",
        "    return {}[limit]",
        "           ~~^^^^^^^",
        "KeyError: 2",
    ], "of this variant alone, and not with the path of the copy that the service runs in"


def test_curl_lines_and_messages_name_the_address_of_kata_serve(judge: Judge, pack: Path) -> None:
    suite = FAILS.replace("== 200", "== 418").replace(
        "it answered {answer.status}", "{http.base_url} {answer.curl}"
    )
    grade = judge(root=rewritten(pack, suite), only=["greets-by-name"])
    [request] = grade.checks[0].evidence.requests
    assert request["curl"].endswith("'http://127.0.0.1:8000/greetings?limit=1'")
    assert grade.checks[0].message == f"http://127.0.0.1:8000 {request['curl']}"
    grade = judge(root=pack, only=["greets-by-name"], shown_url=lambda: "http://127.0.0.1:8123")
    [request] = grade.checks[0].evidence.requests
    assert request["curl"].endswith("'http://127.0.0.1:8123/greetings?limit=1'")
