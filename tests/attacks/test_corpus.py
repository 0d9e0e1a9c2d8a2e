"""The corpus is whole: sorted, each attack once, and each test that it names exists."""

from __future__ import annotations

import pytest
from corpus import OUTCOMES, Attack, missing_tests, read_corpus, table

ATTACKS = read_corpus()


def test_attacks_are_sorted_and_each_is_there_once() -> None:
    order = [attack.order for attack in ATTACKS]
    assert order == sorted(set(order))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_an_attack_has_an_expectation_and_a_test_or_a_reason(attack: Attack) -> None:
    assert attack.how and attack.must
    assert attack.outcome in OUTCOMES
    assert bool(attack.tests) != bool(attack.reason), "an attack has tests, or a reason why it has none"
    assert missing_tests(attack) == []


def test_a_test_that_does_not_exist_is_noticed() -> None:
    attack = Attack("ING-01", "how", "error", "must", ("tests/attacks/test_corpus.py::test_nowhere",))
    assert missing_tests(attack) == ["tests/attacks/test_corpus.py::test_nowhere"]


def test_the_table_has_a_line_for_each_attack() -> None:
    lines = table(ATTACKS).splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:-2]] == [attack.id for attack in ATTACKS]
