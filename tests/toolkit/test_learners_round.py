"""A learner's round, as commands: start, red, a hint, a fix, green, the solution; on the tiny kata."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from pathlib import Path

import pytest
from running import TINY, Kata, end, read_until, running, without_runtime

REFERENCE = TINY / "katas" / "greeting" / "solutions" / "reference" / "greetings.py"


@pytest.fixture
def repository(tiny: Kata) -> Path:
    done = tiny("start", "greeting")
    assert done.returncode == 0, done.stderr
    return tiny.home / "greeting"


def test_start_makes_a_repository_and_says_what_to_do_next(tiny: Kata, repository: Path) -> None:
    assert (repository / "README.md").read_text() == (TINY / "katas/greeting/brief.md").read_text()
    assert (repository / ".kata.yaml").read_text().startswith("format: 1\nkata: greeting\n")
    assert not list(repository.glob("checks/sealed_*"))
    again = tiny("start", "greeting")
    assert again.returncode == 2
    assert "already exists" in again.stderr
    elsewhere = tiny("start", "greeting", "deep/down")
    assert elsewhere.returncode == 0
    assert "cd deep/down" in elsewhere.stdout
    assert "started, no attempt yet" in tiny("status").stdout


def test_from_red_to_green_and_what_is_remembered(tiny: Kata, repository: Path) -> None:
    red = tiny("test", "--seed", "5", cwd=repository)
    assert red.returncode == 1, red.stdout + red.stderr
    assert "✗ cost-is-flat  0 of 30 points" in red.stdout
    assert "4, 13, 49 statements for 3, 12, 48 persons" in red.stdout
    assert "70 of 100" in red.stdout
    assert "kata hint cost-is-flat" in red.stdout
    assert "same score as the starter" in red.stdout
    assert "kata test --seed 5  repeats this run" in red.stdout
    assert "check_cost_is_flat" not in red.stdout
    report = without_runtime(tiny("report", cwd=repository).stdout)
    assert report == red.stdout, "the report is what was printed while it ran"

    refused = tiny("solution", cwd=repository)
    assert refused.returncode == 2
    assert "once every check passes" in refused.stderr
    assert "Hint 1 of 3" in tiny("hint", cwd=repository).stdout

    (repository / "greetings.py").write_text(REFERENCE.read_text())
    green = tiny("test", cwd=repository / "checks")
    assert green.returncode == 0, green.stdout + green.stderr
    assert "100 of 100  every check passes; the starter has 70" in green.stdout
    assert "49 → 1 statement:" in green.stdout
    assert "kata start n-plus-one" in green.stdout
    assert without_runtime(tiny("report", cwd=repository).stdout) == green.stdout
    assert "since the last attempt:  +30 cost-is-flat" in green.stdout

    status = tiny("status", cwd=repository)
    assert "2 attempts" in status.stdout
    assert "+30 cost-is-flat" in status.stdout
    assert "1 for cost-is-flat" in status.stdout
    assert "greeting  100 of 100" in tiny("status").stdout
    assert "Next in the track core" in tiny("next", cwd=repository).stdout
    assert "100/100" in tiny("list").stdout
    solution = tiny("solution", cwd=repository)
    assert solution.returncode == 0
    assert "forgets-names" not in solution.stdout
    assert "looked at before" not in tiny("status", cwd=repository).stdout


def test_the_report_of_the_last_attempt_comes_in_every_form(tiny: Kata, repository: Path) -> None:
    assert "there is no attempt yet" in tiny("report", cwd=repository).stderr
    judged = tiny("test", "--seed", "5", "--json", cwd=repository)
    assert judged.returncode == 1
    document = json.loads(judged.stdout)
    assert document["kata"] == "greeting"
    assert document["costs"][0]["values"] == [4, 13, 49]
    assert json.loads(tiny("report", "--json", cwd=repository).stdout) == document
    report = tiny("report").stdout
    assert "4, 13, 49 statements" in report
    assert "kata hint cost-is-flat" in report
    files = tiny("report", "--html", "r.html", "--junit", "r.xml", "--csv", "r.csv", cwd=repository)
    assert files.returncode == 0, files.stderr
    assert "49" in (repository / "r.html").read_text()
    assert 'name="cost-is-flat"' in (repository / "r.xml").read_text()
    with (repository / "r.csv").open(encoding="utf-8", newline="") as file:
        assert [row["verdict"] for row in csv.DictReader(file)] == ["passed", "failed", "passed"]
    assert "there is no attempt 7" in tiny("report", "--attempt", "7", cwd=repository).stderr


def test_only_some_checks_can_be_asked_for(tiny: Kata, repository: Path) -> None:
    done = tiny("test", "--only", "greets-by-name", cwd=repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "40 of 40" in done.stdout
    assert "cost-is-flat" not in done.stdout
    assert "only some checks" in tiny("status", cwd=repository).stdout
    wrong = tiny("test", "--only", "greets-by-nam", cwd=repository)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean `greets-by-name`?" in wrong.stderr


def test_what_failed_last_can_be_run_alone_until_nothing_is_left(tiny: Kata, repository: Path) -> None:
    assert tiny("test", cwd=repository).returncode == 1
    again = tiny("test", "--failed", "--json", cwd=repository)
    ran = {check["id"]: check["verdict"] for check in json.loads(again.stdout)["checks"]}
    assert ran == {"greets-by-name": "passed", "cost-is-flat": "failed"}, "with what it needs"
    shown = tiny("report", cwd=repository)
    assert "70 of 100" in shown.stdout, "the last attempt of all checks"
    assert "the last one that ran all checks; --attempt 2 shows the last one" in shown.stderr
    (repository / "greetings.py").write_text(REFERENCE.read_text())
    assert "70 of 70" in tiny("test", "--failed", cwd=repository).stdout
    assert "100 of 100" in tiny("test", "--failed", cwd=repository).stdout, "nothing failed: all checks"


def test_a_run_can_end_at_its_first_failure(tiny: Kata, repository: Path) -> None:
    forgetful = TINY / "katas" / "greeting" / "solutions" / "forgets-names" / "greetings.py"
    (repository / "greetings.py").write_text(forgetful.read_text())
    done = tiny("test", "-x", cwd=repository)
    assert done.returncode == 1, done.stderr
    assert "✗ greets-by-name" in done.stdout
    assert "survives-a-kill" not in done.stdout
    assert "0 of 40  not every check ran; 1 failed" in done.stdout


def test_one_check_of_an_attempt_can_be_shown_in_full(tiny: Kata, repository: Path) -> None:
    assert tiny("test", cwd=repository).returncode == 1
    one = tiny("report", "--only", "cost-is-flat", cwd=repository)
    assert "4, 13, 49 statements" in one.stdout
    assert "survives-a-kill" not in one.stdout
    wrong = tiny("report", "--only", "cost-is-fla", cwd=repository)
    assert (wrong.returncode, "did you mean `cost-is-flat`?" in wrong.stderr) == (2, True)


def test_a_service_that_does_not_start_is_told_once_with_its_output(tiny: Kata, repository: Path) -> None:
    (repository / "greetings.py").write_text("raise SystemExit('no luck today')\n")
    done = tiny("test", cwd=repository)
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("no luck today") == 1
    assert "all 3 checks skipped: the service did not run (0/100)" in done.stdout
    assert "0 of 100" in done.stdout


def test_hints_are_climbed_one_at_a_time(tiny: Kata) -> None:
    said = [tiny("hint", "cost-is-flat", "--kata", "greeting").stdout for _ in range(4)]
    assert ["Count the statements." in said[0], "Who asks" in said[1], "One question" in said[2]] == [
        True
    ] * 3
    assert "Count the statements." not in said[1]
    assert "That was the last one" in said[2]
    assert said[3] == said[2]
    again = tiny("hint", "cost-is-flat", "--kata", "greeting", "--again").stdout
    assert all(words in again for words in ("Count the statements.", "Who asks", "One question"))
    early = tiny("hint", "survives-a-kill", "--kata", "greeting", "--again")
    assert early.returncode == 2
    assert "no hint was taken" in early.stderr


def test_giving_up_shows_the_solution_and_is_remembered(tiny: Kata, repository: Path) -> None:
    shown = tiny("solution", "--give-up", cwd=repository)
    assert shown.returncode == 0
    assert "greetings.py" in shown.stdout
    assert "\n+" in shown.stdout
    assert "looked at before it was solved" in _after_an_attempt(tiny, repository)
    assert tiny("solution", cwd=repository).returncode == 0
    written = tiny("solution", "greeting", "--into", tiny.home / "solved")
    assert written.returncode == 0, written.stderr
    assert (tiny.home / "solved" / "greetings.py").read_text() == REFERENCE.read_text()
    assert "did you mean `reference`?" in tiny("solution", "greeting", "--name", "referense").stderr
    assert tiny("solution", "greeting", "--name", "forgets-names").returncode == 2


def _after_an_attempt(tiny: Kata, repository: Path) -> str:
    assert tiny("test", "--only", "greets-by-name", cwd=repository).returncode == 0
    return tiny("status", cwd=repository).stdout


def test_explain_has_a_page_for_katas_and_checks(tiny: Kata, repository: Path) -> None:
    page = tiny("explain", cwd=repository).stdout
    assert "greets-by-name" in page
    assert "Every greeting asks the database once more." in page
    assert "Every greeting asks the database once more." in tiny("explain", "cost-is-flat").stdout
    assert tiny("explain", "nothing-like-it").returncode == 2


def test_outside_of_a_repository_test_says_where_to_go(tiny: Kata) -> None:
    done = tiny("test")
    assert done.returncode == 2
    assert "kata start SLUG" in done.stderr


def test_watch_judges_again_after_a_change(tiny: Kata, repository: Path) -> None:
    with running(tiny, "test", "--watch", "--only", "cost-is-flat", cwd=repository) as process:
        assert "✗ cost-is-flat" in read_until(process, "Waiting for a change")
        (repository / "greetings.py").write_text(REFERENCE.read_text())
        assert "70 of 70" in read_until(process, "Waiting for a change")
        (repository / "greetings.py").write_text("raise SystemExit('no luck')\n")
        assert "no luck" in read_until(process, "Waiting for a change")
        assert end(process) == 130


def test_a_save_in_mid_run_begins_the_run_again(tiny: Kata, repository: Path) -> None:
    # A service that never listens holds the run up for as long as it is waited for.
    (repository / "greetings.py").write_text("print('waiting', flush=True)\nimport time\ntime.sleep(3600)\n")
    with running(tiny, "test", "--watch", "--only", "cost-is-flat", cwd=repository) as process:
        read_until(process, "seed")
        (repository / "greetings.py").write_text(REFERENCE.read_text())
        assert "starting again" in read_until(process, "starting again")
        assert "70 of 70" in read_until(process, "Waiting for a change")
        assert end(process) == 130
    attempts = json.loads(tiny("status", "--json", cwd=repository).stdout)["attempts"]
    assert [attempt["score"] for attempt in attempts] == [70], "a run that was ended is not an attempt"


def test_the_demo_goes_from_red_to_green(tiny: Kata) -> None:
    done = tiny("demo", "greeting")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "70 → 100" in done.stdout
    assert "4, 13, 49 statements" in done.stdout
    assert not Path(tiny.environment["KATA_DATA_DIR"]).exists(), "a demo is not an attempt"


def test_the_gate_prints_its_matrix_and_the_json_of_it(tiny: Kata) -> None:
    done = tiny("author", "check", "greeting", "--only", "reference", "--only", "forgets-names", "--json")
    [proof] = json.loads(done.stdout)["katas"]
    rows = {row["name"]: row for row in proof["rows"]}
    assert rows["reference"]["verdicts"] == dict.fromkeys(proof["checks"], "passed")
    assert rows["forgets-names"]["verdicts"]["greets-by-name"] == "failed"
    assert rows["reference"]["problems"] == rows["forgets-names"]["problems"] == []
    assert proof["caught"]["greets-by-name"] == 1
    assert (done.returncode, proof["proved"], proof["complete"]) == (0, False, False)
    assert "there is no solution" in tiny("author", "check", "greeting", "--only", "nothing").stderr


def test_the_gate_watches_and_runs_again_what_a_change_touches(kata: Kata, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(TINY, pack)
    folder = pack / "katas" / "greeting" / "solutions" / "forgets-names"
    written = (folder / "solution.yaml").read_text()
    chosen = ("--only", "reference", "--only", "forgets-names")
    with running(
        kata, "--pack", pack, "author", "check", "greeting", "--watch", *chosen, cwd=tmp_path
    ) as process:
        assert "2 runs" in read_until(process, "Waiting for a change")
        (folder / "solution.yaml").write_text(written.replace("[greets-by-name,", "[cost-is-flat,"))
        seen = read_until(process, "Waiting for a change")
        assert "`greets-by-name` fails and should not" in seen
        assert ", 2 runs," in seen, "the row that did not run again is kept"
        (folder / "solution.yaml").write_text("kind: [\n")
        read_until(process, "Waiting for a change")
        (folder / "solution.yaml").write_text(written)
        assert "forgets-names" in read_until(process, "Waiting for a change")
        process.send_signal(signal.SIGINT)
        assert "solution.yaml" in process.communicate(timeout=300)[1]
        assert process.returncode == 130


def test_the_doctor_finds_a_postgresql_and_says_why(kata: Kata) -> None:
    done = kata("doctor")
    assert done.returncode == 0, done.stdout
    assert "PostgreSQL" in done.stdout
    document = json.loads(kata("doctor", "--json").stdout)
    states = {finding["name"]: finding["state"] for finding in document["findings"]}
    assert states["PostgreSQL"] == states["A cluster"] == "fine"
    wrong = kata("doctor", "--postgres", kata.home)
    assert wrong.returncode == 3
    assert "has no `postgres`" in " ".join(wrong.stdout.split())
