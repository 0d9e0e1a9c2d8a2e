"""Mistakes in checks are reported with file, line and remedy, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.errors import PackError
from graders.packs.declared_checks import read_declared

GOOD = """\
format: 1
checks:
  a-check:
    - random: {sku: "SKU-{digits:6}"}
    - post: /orders
      json: {sku: "{sku}"}
      expect: {status: 201, type: application/json, json: {"id": {type: integer}}}
      keep: {id: id}
      because: An order can be placed.
    - use: books
      with: {total: 1}
"""
BLOCKS = """\
blocks:
  books:
    parameters: [total]
    steps:
      - sql: select count(*) as n from orders
        expect: {rows: [{n: "{total}"}]}
        because: The books must agree.
"""


def read(tmp_path: Path, text: str, name: str = "sealed_orders.yaml") -> object:
    (tmp_path / name).write_text(text)
    (tmp_path / "shared_books.yaml").write_text(BLOCKS)
    return read_declared(tmp_path)


def test_checks_and_blocks_are_read(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    suite = read_declared(tmp_path)
    [check] = suite.checks
    assert (check.id, check.sealed, str(check.place)) == ("a-check", True, "sealed_orders.yaml:3")
    assert [step.verb for step in check.steps] == ["random", "post", "use"]
    assert suite.blocks["books"].parameters == ("total",)


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("post: /orders", "psot: /orders", 5, "has no verb"),
        ("post: /orders", "post: orders", 5, "is not a path"),
        ("keep: {id: id}", "kept: {id: id}", 8, "unknown key"),
        ("keep: {id: id}", "keep: {Id: id}", 8, "is not a name"),
        ("keep: {id: id}", 'keep: {id: "a["}', 8, "not a JMESPath expression"),
        ("{status: 201,", "{statsu: 201,", 7, "an answer has no `statsu`"),
        ("{type: integer}", "{type: int}", 7, "there is no type `int`"),
        ("{type: integer}", '{matches: "("}', 7, "not a regular expression"),
        ("      because: An order can be placed.\n", "", 5, "has no `because`"),
        ("with: {total: 1}", "with: {sum: 1}", 10, "takes total, not sum"),
        ("use: books", "use: boks", 10, "no block `boks`"),
        ("use: books\n      with: {total: 1}", "wait: 1", None, None),
    ],
)
def test_a_mistake_has_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, why: str | None
) -> None:
    assert old in GOOD
    if why is None:
        read(tmp_path, GOOD.replace(old, new))
        return
    with pytest.raises(PackError, match=why) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert caught.value.line == line
    assert caught.value.hint


def test_a_check_that_cannot_fail_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="expects nothing"):
        read(tmp_path, "checks:\n  a-check:\n    - get: /orders\n")


def test_two_verbs_in_one_step_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="one verb, not get and sql"):
        read(tmp_path, "checks:\n  a-check:\n    - get: /orders\n      sql: select 1\n")


def test_an_open_check_needs_no_sentence(tmp_path: Path) -> None:
    text = GOOD.replace("      because: An order can be placed.\n", "")
    read(tmp_path, text, "open_orders.yaml")


@pytest.mark.parametrize(
    ("race", "why"),
    [
        ("{times: 2}", "either one request"),
        ("{requests: [{times: 2}]}", "has no method"),
        ("{requests: [{post: /x, colour: red}]}", "has no `colour`"),
        ("{times: 2, post: /x, hold: {where: id = 1}}", "names a `table`"),
        ("{times: 2, post: /x, put: /x}", "one method"),
    ],
)
def test_a_race_says_who_runs(tmp_path: Path, race: str, why: str) -> None:
    text = f"checks:\n  a-check:\n    - race: {race}\n      expect: {{statuses: {{200: 2}}}}\n"
    with pytest.raises(PackError, match=why):
        read(tmp_path, text, "open_race.yaml")
