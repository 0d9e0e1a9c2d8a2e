"""A broken check's detail, as the place in the suite, the error, and a remedy."""

from __future__ import annotations

import pytest

from graders.authoring.broken import read_broken

TRACE = """Traceback (most recent call last):
  File "suite/open_greetings.py", line 9, in check_greets_by_name
    must_hold(answer)
  File "suite/shared_people.py", line 4, in must_hold
    return answer["left"]
           ~~~~~~^^^^^^^^
{error}"""


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("KeyError: 'left'", "an answer may lack it"),
        ("IndexError: list index out of range", "an answer may lack it"),
        ("TypeError: 'NoneType' object is not subscriptable", "an answer may lack it"),
        ("NotImplementedError: write it", "write the check"),
        ("graders.faults.fault.FaultError: it never took place", "the fault did not take place"),
        ("ZeroDivisionError: division by zero", ""),
    ],
)
def test_the_innermost_place_and_the_error_are_named(error: str, remedy: str) -> None:
    found = read_broken(TRACE.format(error=error))
    assert (found.place, found.error) == ("suite/shared_people.py:4", error)
    assert found.remedy.startswith(remedy) and bool(found.remedy) == bool(remedy)
    assert str(found) == f"at suite/shared_people.py:4: {error}"


def test_an_error_of_several_lines_is_named_by_its_first() -> None:
    first = 'psycopg.errors.UndefinedColumn: column "nam" does not exist'
    found = read_broken(TRACE.format(error=f"{first}\nLINE 1: select nam from people\n               ^"))
    assert (found.place, found.error) == ("suite/shared_people.py:4", first)


@pytest.mark.parametrize("detail", ["", "  \n", "the suite said nothing for 300 s"])
def test_a_sentence_of_the_grader_has_no_place(detail: str) -> None:
    found = read_broken(detail)
    assert found.place == ""
    assert found.error
