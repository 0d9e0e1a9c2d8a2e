"""Edits apply exactly as often as they say, at any indentation, and say what is nearest where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.errors import PackError
from graders.packs.edits import Create, Delete, Edit, apply_edits, read_edits
from graders.packs.yaml_source import parse_yaml

SOURCE = Path("solutions/flaw.yaml")
AUTH = """\
def key(email):
    if email:
        email = email.strip()
        return email.casefold()


def other(email):
    return email.casefold()
"""


def edits(text: str) -> tuple[Edit, ...]:
    return read_edits(parse_yaml(f"edits:\n{text}".encode(), SOURCE))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/auth.py").write_text(AUTH)
    return tmp_path


def replaced(repository: Path, old: str, new: str, more: str = "") -> str:
    block = "\n".join(f"      {line}" for line in old.split("\n"))
    text = "\n".join(f"      {line}" for line in new.split("\n"))
    with_ = f"|\n{text}" if new else '""'
    apply_edits(
        edits(f"  - file: app/auth.py\n    replace: |\n{block}\n    with: {with_}\n{more}"),
        repository,
        SOURCE,
    )
    return (repository / "app/auth.py").read_text()


def test_lines_are_found_at_any_indentation_and_written_back_at_it(repository: Path) -> None:
    after = replaced(
        repository, "email = email.strip()\nreturn email.casefold()", "if True:\n    return email"
    )
    assert "        if True:\n            return email\n\n\ndef other" in after


def test_nothing_in_place_of_lines_removes_them(repository: Path) -> None:
    assert replaced(repository, "email = email.strip()", "") == AUTH.replace(
        "        email = email.strip()\n", ""
    )


def test_a_part_of_a_line_is_not_a_line(repository: Path) -> None:
    with pytest.raises(PackError, match="are not in app/auth"):
        replaced(repository, "email.strip()", "email")


def test_what_is_found_twice_names_both_lines(repository: Path) -> None:
    with pytest.raises(PackError, match=r"2 times \(lines 4, 8\), not 1"):
        replaced(repository, "return email.casefold()", "return email")


def test_what_is_found_as_often_as_stated_is_replaced_everywhere(repository: Path) -> None:
    after = replaced(repository, "return email.casefold()", "return email", "    times: 2\n")
    assert after == AUTH.replace(".casefold()", "")


def test_what_is_not_found_shows_the_nearest_lines_and_the_difference(repository: Path) -> None:
    with pytest.raises(PackError) as caught:
        replaced(repository, "email = email.strip()\nreturn email.lower()", "return 1")
    assert "nearest, at line 3" in caught.value.message
    assert "- return email.lower()" in caught.value.message
    assert "+ return email.casefold()" in caught.value.message
    assert caught.value.line == 2


def test_files_keep_their_mode_their_line_ends_and_their_missing_last_one(repository: Path) -> None:
    path = repository / "app/auth.py"
    path.write_bytes(b"one\r\n  two\r\nthree")
    path.chmod(0o755)
    replaced(repository, "two", "2\nand more")
    assert path.read_bytes() == b"one\r\n  2\r\n  and more\r\nthree"
    assert path.stat().st_mode & 0o777 == 0o755


def test_edits_apply_in_order(repository: Path) -> None:
    apply_edits(
        (Delete("app/auth.py", 1), Create("app/auth.py", "new\n", 2), Create("app/more/x.py", "", 3)),
        repository,
        SOURCE,
    )
    assert (repository / "app/auth.py").read_text() == "new\n"
    assert (repository / "app/more/x.py").read_text() == ""


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (Create("app/auth.py", "", 7), "exists already"),
        (Delete("app/none.py", 7), "no file app/none.py to delete"),
    ],
)
def test_an_edit_that_does_not_fit_names_its_line(repository: Path, edit: Edit, why: str) -> None:
    with pytest.raises(PackError, match=why) as caught:
        apply_edits((edit,), repository, SOURCE)
    assert (caught.value.path, caught.value.line) == (SOURCE, 7)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("  - create: ../out.py\n    with: x\n", "not a path inside the repository"),
        ("  - delete: /etc/passwd\n", "not a path inside the repository"),
        ("  - create: a\n    delete: b\n", "exactly one of the keys"),
        ("  - with: a\n", "exactly one of the keys"),
        ("  - file: a\n    with: b\n", "`edits\\[0\\].replace` is missing"),
        ("  - file: a\n    replace: b\n", "`edits\\[0\\].with` is missing"),
        ("  - file: a\n    replace: b\n    with: c\n    times: 0\n", "is 0"),
    ],
)
def test_what_is_not_an_edit_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(PackError, match=why) as caught:
        edits(text)
    assert caught.value.line is not None
