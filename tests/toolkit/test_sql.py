"""`kata sql` on logs of live services, as its users call it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from running import Kata

from toolkit.finding_pages import read_page

RECORDED = Path(__file__).parent.parent / "graders" / "logs" / "recorded"
STRANGE = RECORDED.with_name("strange")
# As pg_dump begins, and with roles that the reader's machine does not have.
SCHEMA = """
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.orders (id bigint PRIMARY KEY, total integer, tenant_id integer NOT NULL);
ALTER TABLE public.orders OWNER TO shop;
CREATE TABLE public.order_items (order_id bigint REFERENCES public.orders (id), sku text);
CREATE TABLE public.accounts (id bigint PRIMARY KEY, balance numeric);
GRANT SELECT ON public.orders TO reader;
"""


def findings(result: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    document = json.loads(result.stdout)
    assert document["format"] == 1
    return [(one["rule"], one["confidence"]) for one in document["findings"]]


def test_the_log_of_a_django_service_shows_its_loop(kata: Kata) -> None:
    result = kata("sql", RECORDED / "django.json")
    assert result.returncode == 1, result.stderr
    assert "1 finding: 0 proved, 1 suspected" in result.stdout
    assert "n-plus-one" in result.stdout and "ran 12 times in one request" in result.stdout
    assert 'FROM "customer" WHERE "customer"."id" = 2' in result.stdout
    assert "django.json:" in result.stdout and "seen in 2 requests" in result.stdout


def test_the_log_of_a_node_service_shows_its_loops_and_nothing_of_its_good_routes(kata: Kata) -> None:
    result = kata("sql", RECORDED / "node.json", "--json")
    assert result.returncode == 1, result.stderr
    assert findings(result) == [("n-plus-one", "suspected"), ("write-loop", "suspected")]
    document = json.loads(result.stdout)
    assert (document["unknown"], document["left_out"]) == (0, 0)
    # Two requests of two rows each, milliseconds apart, are not a loop of four: their traces part them.
    assert document["findings"][0]["requests"] == 2


def test_a_plain_log_is_read_with_its_prefix_and_from_standard_input(kata: Kata) -> None:
    prefix = "%m [%p] %q%u@%d %a %c %v %x %e "
    plain = kata("sql", RECORDED / "node.log", "--prefix", prefix, "--json")
    piped = subprocess.run(
        kata.command("sql", "-", "--json"),
        env=kata.environment,
        input=(RECORDED / "node.csv").read_text(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert findings(plain) == findings(piped) == [("n-plus-one", "suspected"), ("write-loop", "suspected")]


def test_what_is_asked_for_decides_the_exit_code(kata: Kata) -> None:
    log = RECORDED / "node.json"
    assert kata("sql", log, "--fail-on", "proved").returncode == 0
    assert kata("sql", log, "--fail-on", "none").returncode == 0
    clean = kata("sql", log, "--rule", "deep-offset")
    assert clean.returncode == 0 and "Nothing was found" in clean.stdout


def test_what_cannot_be_read_is_named_by_file_and_line(kata: Kata, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("\nhello\n")
    result = kata("sql", notes)
    assert result.returncode == 2 and f"{notes}:2: " in result.stderr and "--prefix" in result.stderr
    missing = kata("sql", tmp_path / "none.json")
    assert missing.returncode == 2 and "No such file" in missing.stderr
    assert kata("sql").returncode == 2
    assert "did you mean `n-plus-one`" in kata("sql", notes, "--rule", "n-plus-on").stderr
    assert "use one of" in kata("sql", notes, "--fail-on", "all").stderr


def test_lines_that_were_left_out_are_counted_and_statements_that_nobody_can_read_are_shown(
    kata: Kata, tmp_path: Path
) -> None:
    log = tmp_path / "log.json"
    row = {"timestamp": "2026-03-01 10:00:00.000 UTC", "session_id": "a.1", "error_severity": "LOG"}
    lines = [
        json.dumps(row | {"message": f"statement: {text}"}) for text in ("select 1 from", "select id from t")
    ]
    log.write_text("\n".join([lines[0], "junk", lines[1]]) + "\n")
    result = kata("sql", log, "--json")
    document = json.loads(result.stdout)
    assert (document["statements"], document["unknown"], document["left_out"]) == (2, 1, 1)
    assert document["unread"][0]["line"] == 1
    shown = kata("sql", log).stdout
    assert "1 statement could not be parsed" in shown and f"{log}:2: not JSON; left out" in shown


def test_a_page_with_the_old_names_of_keys_is_read_and_they_are_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "some-rule.yaml"
    page.write_text("format: 1\nrule: some-rule\ntitle: T\nmend: {sql: select 1}\nnot_a_fault: never\n")
    assert read_page(page) == {
        "format": 1, "rule": "some-rule", "title": "T", "fix": {"sql": "select 1"}, "false_positives": "never",
    }  # fmt: skip
    noted = capsys.readouterr().err
    assert (
        f"{page}: the key `mend` is deprecated; rename it to `fix`" in noted and "`false_positives`" in noted
    )


def test_explain_prints_the_page_of_a_rule(kata: Kata) -> None:
    result = kata("sql", "--explain", "n-plus-one")
    assert result.returncode == 0 and "One query for each row" in result.stdout
    assert kata("sql", "--explain", "nothing").returncode == 2


def test_sarif_has_what_the_schema_requires(kata: Kata) -> None:
    result = kata("sql", RECORDED / "node.json", "--sarif")
    assert result.returncode == 1
    check_sarif(json.loads(result.stdout))


@pytest.mark.parametrize("name", ["format", "rule", "place"])
def test_the_check_of_sarif_is_no_formality(kata: Kata, name: str) -> None:
    document = json.loads(kata("sql", RECORDED / "node.json", "--sarif").stdout)
    run = document["runs"][0]
    if name == "format":
        document["version"] = "2.0.0"
    elif name == "rule":
        run["results"][0]["ruleIndex"] = 99
    else:
        run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    with pytest.raises((AssertionError, IndexError)):
        check_sarif(document)


def check_sarif(document: dict[str, Any]) -> None:
    """The properties that SARIF 2.1.0's schema requires, and the value ranges it gives for those that we write."""
    assert document["version"] == "2.1.0" and isinstance(document["runs"], list)
    for run in document["runs"]:
        driver = run["tool"]["driver"]
        assert isinstance(driver["name"], str) and driver["name"]
        ids = [rule["id"] for rule in driver["rules"]]
        assert len(ids) == len(set(ids)) and all(rule["shortDescription"]["text"] for rule in driver["rules"])
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        for result in run["results"]:
            assert result["message"]["text"]
            assert result["level"] in ("none", "note", "warning", "error")
            assert ids[result["ruleIndex"]] == result["ruleId"]
            assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
            for location in result["locations"]:
                place = location["physicalLocation"]
                assert " " not in place["artifactLocation"]["uri"]
                assert place["region"]["startLine"] >= 1


def test_rules_that_need_the_schema_say_so_and_speak_with_it(kata: Kata, tmp_path: Path) -> None:
    log, schema = STRANGE / "needs_schema.log", tmp_path / "schema.sql"
    schema.write_text(SCHEMA)
    without = kata("sql", log)
    assert without.returncode == 0 and "without --schema: split-transaction, lost-update" in without.stdout
    refused = kata("sql", log, "--rule", "lost-update")
    assert refused.returncode == 2 and "--schema FILE|URL" in refused.stderr
    found = kata("sql", log, "--schema", schema, "--tenant", "tenant_id", "--json")
    assert {rule for rule, _ in findings(found)} == {"lost-update", "split-transaction", "missing-tenant"}
    assert 'role "shop" does not exist' in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rule", "injection"], "needs a graded run"),
        (["--rule", "missing-tenant"], "--tenant COLUMN"),
        (["--tenant", "tenant_id"], "--tenant needs --schema"),
        (["--rule", "n-plus-two"], "there is no rule"),
        (["--schema", "nothing.sql"], "nothing.sql"),
    ],
)
def test_what_cannot_be_asked_of_a_log_is_refused(kata: Kata, arguments: list[str], said: str) -> None:
    result = kata("sql", STRANGE / "needs_schema.log", *arguments)
    assert result.returncode == 2 and said in result.stderr


def test_what_was_not_understood_is_counted(kata: Kata, tmp_path: Path) -> None:
    log = tmp_path / "log"
    head = "2026-01-05 10:00:00.000 UTC [7] a@b LOG:  "
    log.write_text(f"{head}statement: SELECT 1\n{head}lausuma: SELECT 2\n{head}checkpoint starting: time\n")
    result = kata("sql", log)
    assert "1 entry not understood" in result.stdout and "1 entry about no statement" in result.stdout
    document = json.loads(kata("sql", log, "--json").stdout)
    assert (document["entries"], document["not_understood"], document["other_entries"]) == (3, 1, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pooled.log", []),
        ("no_parameters.log", [("n-plus-one", "suspected")]),
        ("long_transaction.log", [("long-transaction", "suspected")]),
    ],
)
def test_busy_connections_unlogged_values_and_idle_transactions(
    kata: Kata, name: str, expected: list[tuple[str, str]]
) -> None:
    assert findings(kata("sql", STRANGE / name, "--json")) == expected


def test_a_log_without_a_statement_is_no_success(kata: Kata) -> None:
    result = kata("sql", STRANGE / "checkpoints.log")
    assert result.returncode == 2 and "9 entries, and no statement" in result.stderr
