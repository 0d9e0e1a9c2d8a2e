"""A suite in YAML judges a real service with a real PostgreSQL, as one in Python does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graders.authoring.gate import render_candidate
from graders.authoring.matrix import candidates_of
from graders.grading.grader import Grader, Options
from graders.packs.loader import Packs
from graders.results.grade import Grade

TINY = Path(__file__).parents[3] / "packs" / "tiny"
HEAD = "checks:\n  greets-by-name:\n"
OPEN = """\
    - random: {limit: "{int:2-40}"}
    - get: /greetings
      params: {limit: "{limit}"}
      expect: {status: 200, type: application/json, json: {"length(greetings)": "{limit}"}}
      keep: {first: "greetings[0]", all: greetings}
    - sql: select name from people order by id limit :limit
      keep: {name: "rows[0].name"}
      expect: {count: "{limit}"}
    - expect: {first: "{GREETING}, {name}"}
    - each:
        in: [{size: 1}, {size: 3}]
        steps:
          - get: /greetings?limit={size}
            expect: {json: {greetings: {length: "{size}", each: {matches: "^Hello, "}}}}
    - growth: {of: statements, over: [3, 12, 48], get: "/greetings?limit={size}", per: person}
    - recorded:
        during: {get: "/greetings?limit=5"}
        statements: {at_most: 2}
        rows_sent: {at_most: 5}
        findings: {none_of: [n-plus-one]}
    - race: {times: 6, get: "/greetings?limit={n}", instances: 2}
      expect: {statuses: {200: 6}, values: {"max_by(answers, &n).json.greetings | length(@)": 6}}
    - kill: {}
    - start: {}
    - restart: {variables: {GREETING: Servus}}
    - until:
        within: 10
        steps:
          - get: /greetings?limit=1
            expect: {json: {"greetings[0]": {matches: ^Servus}}}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    made = Path(shutil.copytree(TINY, tmp_path / "pack"))
    (made / "katas/greeting/suite/open_greetings.py").unlink()
    return made


Judge = Callable[..., Grade]


@pytest.fixture
def judge(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, pack: Path) -> Iterator[Judge]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    runs = tmp_path / "runs"
    runs.mkdir()
    options = Options(cache=shared / "kata-cache", runs=runs, variables=dict(os.environ), seed=7)

    def judged(text: str, name: str = "reference", file: str = "open_greetings.yaml") -> Grade:
        (pack / "katas/greeting/suite" / file).write_text(text)
        packs = Packs([pack])
        kata = packs.kata("greeting")
        candidate = next(candidate for candidate in candidates_of(kata) if candidate.name == name)
        with Grader(replace(options, only=("greets-by-name",))) as grader:
            return grader.grade(render_candidate(kata, packs, candidate, tmp_path / "repository"))

    yield judged


def test_every_verb_passes_where_the_service_is_right(judge: Judge) -> None:
    [check] = judge(HEAD + OPEN).checks
    assert (check.verdict, check.message, check.detail) == ("passed", "", "")
    assert check.costs[0].request == "GET /greetings?limit={size}"


def test_an_open_step_says_what_differs_and_where_it_is_written(judge: Judge) -> None:
    text = HEAD + "    - get: /greetings?limit=2\n      expect: {status: 201}\n      because: It is made.\n"
    [check] = judge(text).checks
    assert check.verdict == "failed"
    assert check.message == (
        "It is made.\nGET /greetings?limit=2: the status is 200, not 201 (checks/open_greetings.yaml:3)"
    )
    assert check.evidence.requests[-1]["path"] == "/greetings?limit=2"


def test_a_sealed_step_says_its_sentence_and_nothing_of_the_step(judge: Judge, pack: Path) -> None:
    kata = pack / "katas/greeting/kata.yaml"
    kata.write_text(kata.read_text().replace("visibility: open", "visibility: sealed"))
    text = (
        HEAD
        + '    - get: /greetings?limit=2\n      expect: {json: {"secret": 1}}\n      because: A sentence.\n'
    )
    [check] = judge(text, file="sealed_greetings.yaml").checks
    assert (check.verdict, check.message) == ("failed", "A sentence.")
    assert "secret" not in str(check)


def test_the_schema_accepts_what_the_reader_accepts() -> None:
    import yaml
    from jsonschema import Draft202012Validator

    from graders.packs.check_schema import checks_schema

    assert list(Draft202012Validator(checks_schema()).iter_errors(yaml.safe_load(HEAD + OPEN))) == []
    wrong = yaml.safe_load(HEAD + OPEN.replace("- kill", "- kilt"))
    assert list(Draft202012Validator(checks_schema()).iter_errors(wrong))


def test_a_mistake_of_the_suite_is_broken_with_its_place(judge: Judge) -> None:
    text = HEAD + "    - get: /greetings?limit={nobody}\n      expect: {status: 200}\n"
    [check] = judge(text).checks
    assert check.verdict == "broken"
    assert "open_greetings.yaml:3: there is no value `nobody`" in check.detail


def test_a_wrong_service_fails_by_growth(judge: Judge) -> None:
    text = HEAD + '    - growth: {of: statements, over: [3, 12], get: "/greetings?limit={size}"}\n'
    [check] = judge(text, name="loops").checks
    assert check.verdict == "failed"
    assert "statements for 3, 12 rows" in check.message


def test_a_check_in_yaml_and_in_python_are_two_parts_of_one(judge: Judge, pack: Path) -> None:
    (pack / "katas/greeting/suite/open_more.py").write_text(
        "def check_greets_by_name():\n    assert False, 'Part two.'\n"
    )
    [check] = judge(HEAD + "    - get: /greetings?limit=2\n      expect: {status: 200}\n").checks
    assert (check.verdict, check.message) == ("failed", "Part two.")


HELD = """\
    - mark: started
    - race:
        hold: {table: people, mode: ACCESS EXCLUSIVE}
        get: /greetings?limit=1
        while_held:
          - elapsed: {seconds: started}
          - send: {name: later, get: "/greetings?limit={n}", times: 2}
      expect: {statuses: {200: 3}, values: {"answers[?group=='later'].n": [2, 3], blocked: 3}}
    - expect: {seconds: {at_least: 0}, "answers[2].json.greetings | length(@)": 3}
    - another: {name: second, variables: {GREETING: Servus}}
    - race:
        requests:
          - {get: "/greetings?limit=1", name: one}
          - {get: "/greetings?limit=1", name: other, on: second}
      expect: {values: {"answers[].json.greetings[] | map(&starts_with(@, 'Servus'), @)": [false, true]}}
"""


def test_requests_are_sent_while_a_race_is_held_and_to_named_instances(judge: Judge) -> None:
    [check] = judge(HEAD + HELD).checks
    assert (check.verdict, check.message, check.detail) == ("passed", "", "")


@pytest.mark.parametrize(
    ("hold", "rounds"),
    [("{table: people, mode: ACCESS EXCLUSIVE}", 1), ('{table: people, where: "id = 1"}', 4)],
)
def test_rounds_are_repeated_without_a_hold_where_nobody_was_blocked(
    judge: Judge, hold: str, rounds: int
) -> None:
    text = f"""\
    - set: {{seen: []}}
    - rounds:
        plain: 3
        steps:
          - race: {{times: 2, hold: {hold}, get: /greetings?limit=1}}
            expect: {{statuses: {{200: 2}}}}
          - set: {{seen: "[seen, [round]][]"}}
    - expect: {{seen: {list(range(1, rounds + 1))}}}
"""
    [check] = judge(HEAD + text).checks
    assert (check.verdict, check.message, check.detail) == ("passed", "", "")


def test_a_repetition_ends_when_its_condition_does_and_is_broken_where_it_never_does(judge: Judge) -> None:
    text = """\
    - set: {sizes: [1], filled: {size: "{sizes}"}}
    - expect: {filled.size: [1]}
    - repeat:
        times: 3
        while: length(sizes) < `TURNS`
        steps:
          - set: {sizes: "[sizes, [`1`]][]"}
    - expect: {sizes: {length: 3}}
"""
    [check] = judge(HEAD + text.replace("TURNS", "3")).checks
    assert (check.verdict, check.detail) == ("passed", "")
    [check] = judge(HEAD + text.replace("TURNS", "9")).checks
    assert check.verdict == "broken"
    assert "after 3 turns `length(sizes) < `9`` still holds" in check.detail


def test_a_send_outside_of_a_race_is_broken(judge: Judge) -> None:
    text = (
        "    - send: {get: /greetings?limit=1}\n    - get: /greetings?limit=1\n      expect: {status: 200}\n"
    )
    [check] = judge(HEAD + text).checks
    assert check.verdict == "broken"
    assert "suite/open_greetings.yaml:3: `send` is outside of a race" in check.detail


def test_a_request_that_is_refused_before_the_crash_fails(judge: Judge) -> None:
    text = "    - crash-after-commit: {post: /nowhere, changed: [people]}\n" + OPEN
    [check] = judge(HEAD + text).checks
    assert check.verdict == "failed"
    assert "and nothing was committed" in check.message


def test_values_of_another_type_fail_and_say_nothing_of_a_sealed_step(judge: Judge, pack: Path) -> None:
    text = (
        "    - get: /greetings?limit=2\n      keep: {all: greetings}\n"
        '    - set: {secret: "sum(all)"}\n    - expect: {secret: 1}\n      because: A sentence.\n'
    )
    [check] = judge(HEAD + text).checks
    assert check.verdict == "failed"
    assert "`sum(all)` cannot be computed" in check.message
    kata = pack / "katas/greeting/kata.yaml"
    kata.write_text(kata.read_text().replace("visibility: open", "visibility: sealed"))
    (pack / "katas/greeting/suite/open_greetings.yaml").unlink()
    [check] = judge(HEAD + text, file="sealed_greetings.yaml").checks
    assert check.verdict == "failed"
    assert "sum" not in str(check)


def test_a_database_proxy_keeps_the_variables_of_an_earlier_restart(judge: Judge, pack: Path) -> None:
    (pack / "katas/greeting/suite/open_more.py").write_text(
        "def check_greets_by_name(service, request):\n"
        "    service.restart_with({'GREETING': 'Servus'})\n"
        "    request.getfixturevalue('proxy')\n"
        "    assert service.http.get('/greetings?limit=1').json()['greetings'][0].startswith('Servus')\n"
    )
    [check] = judge(HEAD + "    - get: /greetings?limit=2\n      expect: {status: 200}\n").checks
    assert (check.verdict, check.message) == ("passed", "")
