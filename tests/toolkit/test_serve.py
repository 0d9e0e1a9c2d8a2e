"""`kata serve`: requests and their cost, what the service prints, restarts after a save."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psycopg
import pytest
from running import TINY, Kata, end, read_until, running

SOLUTIONS = TINY / "katas" / "greeting" / "solutions"


@pytest.fixture
def repository(tiny: Kata) -> Path:
    done = tiny("start", "greeting")
    assert done.returncode == 0, done.stderr
    return tiny.home / "greeting"


def base_url(process: subprocess.Popen[str]) -> str:
    return read_until(process, "statements    rows  request").split("curl -sS ")[1].split("/healthz")[0]


def get(url: str) -> bytes:
    with urlopen(url, timeout=300) as answer:
        return bytes(answer.read())


def test_serve_tells_what_each_request_cost(tiny: Kata, repository: Path) -> None:
    with running(tiny, "serve", cwd=repository) as process:
        greeting = read_until(process, "statements    rows  request")
        base = greeting.split("curl -sS ")[1].split("/healthz")[0]
        assert "postgresql://app:" in greeting
        with urlopen(f"{base}/greetings?limit=7", timeout=300) as answer:
            assert answer.status == 200
            assert json.load(answer)
        line = read_until(process, "GET /greetings?limit=7")
        assert "  200  " in line
        assert "7 × " in read_until(process, "×").lower()
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(f"{base}/greetings", method="TRACE"), timeout=300)
        refused.value.close()
        assert refused.value.code == 501
        assert "  501  " in read_until(process, "TRACE /greetings")
        with pytest.raises(HTTPError) as caught:
            urlopen(f"{base}/nowhere", timeout=300)
        caught.value.close()
        # The tiny service falls over such a request, and says so before the request has ended.
        assert caught.value.code == 502
        seen = read_until(process, "GET /nowhere")
        assert " --- " in seen
        assert "KeyError: 'limit'" in seen or read_until(process, "KeyError: 'limit'")
        assert end(process) == 130
        with pytest.raises(URLError):
            urlopen(f"{base}/healthz", timeout=300)


def test_serve_gives_the_variables_of_the_kata_other_values(tiny: Kata, repository: Path) -> None:
    with running(tiny, "serve", "--set", "GREETING=Good morning = ", cwd=repository) as process:
        base = read_until(process, "request").split("curl -sS ")[1].split("/healthz")[0]
        with urlopen(f"{base}/greetings?limit=1", timeout=300) as answer:
            assert json.load(answer)["greetings"][0].startswith("Good morning = ")
        assert end(process) == 130
    for wrong, expected in (
        ("GREETING", "there is no ="),
        ("GREETINGS=Hi", "greeting has no variable GREETINGS"),
    ):
        done = tiny("serve", "--set", wrong, cwd=repository)
        assert (done.returncode, expected in done.stderr, "GREETING" in done.stderr) == (2, True, True)


def test_serve_lets_requests_overlap_and_tells_them_together(tiny: Kata, repository: Path) -> None:
    with running(tiny, "serve", cwd=repository) as process:
        greeting = read_until(process, "statements    rows  request")
        base = greeting.split("curl -sS ")[1].split("/healthz")[0]
        url = "postgresql://" + greeting.split("postgresql://")[1].split()[0]
        with (
            psycopg.connect(url, autocommit=True) as watcher,
            psycopg.connect(url) as keeper,
            ThreadPoolExecutor(3) as pool,
        ):
            keeper.execute("lock table people in access exclusive mode")
            asked = [pool.submit(urlopen, f"{base}/greetings?limit=2", timeout=300) for _ in range(3)]
            waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            while watcher.execute(waiting).fetchone() != (3,):
                assert not any(one.done() for one in asked), "a request got past the lock"
            keeper.rollback()
            assert [one.result().status for one in asked] == [200] * 3
        lines = read_until(process, "at once")
        assert lines.count("GET /greetings?limit=2") == 3
        assert " 3 at once " in lines.splitlines()[-1]
        assert end(process) == 130


PRINTING = """
import sys

def greetings(connection, word, limit):
    print("asked for", limit)
    print(f"a warning about {'x' * 70} in {__file__}", file=sys.stderr)
    if limit == 4:
        raise KeyError("no four")
    return [f"{word}, person {n}" for n in range(1, limit + 1)]
"""


def test_what_the_service_prints_is_shown_as_it_comes(tiny: Kata, repository: Path) -> None:
    (repository / "greetings.py").write_text(PRINTING)
    with running(tiny, "serve", cwd=repository) as process:
        base = base_url(process)
        get(f"{base}/greetings?limit=3")
        seen = read_until(process, "GET /greetings?limit=3")
        assert "│ asked for 3\n" in seen
        # One line of more than a terminal's width: whole, on several lines, and the path as the author knows it.
        shown = "".join(re.findall(r"│ (.*)\n", seen.split("asked for 3")[1]))
        assert re.sub(r"\s+", "", shown) == f"awarningabout{'x' * 70}ingreetings.py"
        assert "/work/" not in seen
        with pytest.raises(HTTPError) as failed:
            get(f"{base}/greetings?limit=4")
        failed.value.close()
        trace = read_until(process, "GET /greetings?limit=4")
        # The service may print why before it closes the connection, or after.
        trace += "" if "KeyError: 'no four'" in trace else read_until(process, "KeyError: 'no four'")
        assert "greetings.py:8, in greetings" in trace
        assert str(repository) not in trace and "/work/" not in trace
        assert end(process) == 130


def test_a_save_restarts_the_service_and_a_broken_one_waits_for_the_next(
    tiny: Kata, repository: Path
) -> None:
    with running(tiny, "serve", cwd=repository) as process:
        base = base_url(process)
        get(f"{base}/greetings?limit=7")
        assert "7 × " in read_until(process, "×")
        shutil.copy(SOLUTIONS / "reference" / "greetings.py", repository)
        assert "restarted: greetings.py changed" in read_until(process, "restarted")
        get(f"{base}/greetings?limit=7")
        seen = read_until(process, "GET /greetings?limit=7")
        assert " 1 " in seen.splitlines()[-1], "the same address, one statement now"
        (repository / "greetings.py").write_text("def broken(:\n")
        seen = read_until(process, "The next save starts it again")
        assert "greetings.py:1" in seen and "SyntaxError" in seen
        assert "/work/" not in seen
        shutil.copy(SOLUTIONS / "reference" / "greetings.py", repository)
        read_until(process, "restarted")
        assert len(json.loads(get(f"{base}/greetings?limit=7"))["greetings"]) == 7
        (repository / "requirements.txt").write_text("# one more\n")
        assert "requirements.txt changed: end this with Ctrl-C" in read_until(process, "to install")
        assert end(process) == 130


def test_a_request_that_comes_during_a_restart_is_answered_after_it(tiny: Kata, repository: Path) -> None:
    with running(tiny, "serve", cwd=repository) as process, ThreadPoolExecutor(4) as pool:
        base = base_url(process)
        slow = "import time\ntime.sleep(0.5)\n" + (SOLUTIONS / "reference" / "greetings.py").read_text()
        (repository / "greetings.py").write_text(slow)
        asked = [pool.submit(_each_until, base, stop=40) for _ in range(2)]
        read_until(process, "restarted")
        assert all(answers.count(200) == len(answers) for answers in (one.result() for one in asked))
        assert end(process) == 130


def _each_until(base: str, stop: int) -> list[int]:
    """The statuses of requests one after another: some of them come while the service is down."""
    answers = []
    for _ in range(stop):
        try:
            with urlopen(f"{base}/greetings?limit=1", timeout=300) as answer:
                answers.append(answer.status)
        except HTTPError as error:
            error.close()
            answers.append(error.code)
    return answers


def test_a_service_that_ends_is_said_and_started_again_by_a_save(tiny: Kata, repository: Path) -> None:
    ending = "import os\n\n\ndef greetings(connection, word, limit):\n    os._exit(7)\n"
    (repository / "greetings.py").write_text(ending)
    with running(tiny, "serve", cwd=repository) as process:
        base = base_url(process)
        with pytest.raises(HTTPError) as failed:
            get(f"{base}/greetings?limit=1")
        failed.value.close()
        assert "with exit code 7" in read_until(process, "The next save starts it again")
        shutil.copy(SOLUTIONS / "reference" / "greetings.py", repository)
        read_until(process, "restarted")
        get(f"{base}/greetings?limit=1")
        assert end(process) == 130
    (repository / "greetings.py").write_text(ending)
    with running(tiny, "serve", "--no-reload", cwd=repository) as process:
        base = base_url(process)
        with pytest.raises(HTTPError) as failed:
            get(f"{base}/greetings?limit=1")
        failed.value.close()
        assert "with exit code 7" in read_until(process, "with exit code 7")
        assert process.wait(timeout=300) == 1


def test_statements_are_shown_from_from_on_and_all_of_them_with_verbose(tiny: Kata, repository: Path) -> None:
    with running(tiny, "serve", cwd=repository) as process:
        base = base_url(process)
        get(f"{base}/greetings?limit=7")
        assert "7 × SELECT … from people where id = $1" in read_until(process, "×")
        assert end(process) == 130
    with running(tiny, "serve", "--verbose", cwd=repository) as process:
        base = base_url(process)
        get(f"{base}/greetings?limit=7")
        seen = read_until(process, "1 ×")
        assert "7 × select name from people where id = $1" in seen
        assert "1 × select id from people order by id limit $1" in seen
        assert end(process) == 130
