"""The stack for every kata: a repository without code, with what somebody who brings all of it has to know."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.errors import PackError, UsageError
from graders.packs.loader import Packs, builtin_pack, open_packs
from graders.packs.rendering import render_starter
from graders.packs.stacks import load_stack
from graders.packs.stages import brief_at, shipped_at
from graders.submission.procfile import ProcfileError, read_procfile

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"
CONTRACT = ("Procfile", "HOST", "PORT", "DATABASE_URL", "/healthz", "release:", "worker:", "SIGTERM")
PACKS = open_packs([TINY])


@pytest.mark.parametrize("slug", PACKS.slugs())
def test_each_kata_can_begin_without_code(slug: str, tmp_path: Path) -> None:
    kata = PACKS.kata(slug)
    assert PACKS.stacks_for(kata) == (*kata.stacks, "own")
    render_starter(kata, PACKS.stack_of(kata, "own"), tmp_path)
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith(brief_at(kata, None).rstrip())
    assert [word for word in CONTRACT if word not in readme] == []
    assert (tmp_path / "schema.sql").read_bytes() == (kata.folder / "schema.sql").read_bytes()
    shipped = {path.name for path in shipped_at(kata, None)}
    assert {path.name for path in (tmp_path / "checks").iterdir()} == shipped
    assert "stack: own\n" in (tmp_path / ".kata.yaml").read_text()


def test_its_procfile_has_the_commands_as_comments(tmp_path: Path) -> None:
    render_starter(PACKS.kata("greeting"), PACKS.stack("own"), tmp_path)
    with pytest.raises(ProcfileError, match="no line starts with `web:`"):
        read_procfile(tmp_path)
    path = tmp_path / "Procfile"
    text = path.read_text()
    path.write_text(
        text.replace("# web: exec ./server", "web: exec ./server").replace("# release:", "release:")
    )
    found = read_procfile(tmp_path)
    assert (found.web.text, found.release is not None) == ("exec ./server", True)


def test_another_stack_gets_no_contract_and_no_schema(tmp_path: Path) -> None:
    kata = PACKS.kata("greeting")
    render_starter(kata, PACKS.stack("python-plain"), tmp_path)
    assert (tmp_path / "README.md").read_text() == brief_at(kata, None)
    assert not (tmp_path / "schema.sql").exists()


def test_an_unknown_stack_is_answered_with_the_one_for_every_kata_and_its_page() -> None:
    with pytest.raises(UsageError) as raised:
        PACKS.stack_of(PACKS.kata("greeting"), "cobol")
    assert "`--stack own`" in raised.value.hint
    page = raised.value.hint.split("“")[1].split("”")[0]
    learn = (builtin_pack() / "docs" / "learn.md").read_text()
    assert f"\n## {page}\n" in learn
    assert "--stack own" in learn.split(f"\n## {page}\n")[1].split("\n## ")[0]


def test_it_is_never_chosen_unasked() -> None:
    assert "own" not in {PACKS.stack_of(kata, None).name for kata in PACKS.katas()}
    assert PACKS.default_stack().name != "own"


def test_a_pack_may_bring_a_stack_for_every_kata_of_other_packs(tmp_path: Path) -> None:
    folder = tmp_path / "skeletons" / "rust"
    (folder / "tree").mkdir(parents=True)
    (folder / "stack.yaml").write_text(
        "format: 1\nname: rust\ntitle: Rust\nlanguage: rust\nevery_kata: true\n"
        "inputs: [Cargo.lock]\ninstall: ['true']\n"
    )
    packs = Packs([builtin_pack(), TINY, tmp_path])
    for kata in packs.katas():
        assert packs.stack_of(kata, "rust").name == "rust"


def test_a_stack_installs_like_one_of_its_own_pack(tmp_path: Path) -> None:
    folder = tmp_path / "skeletons" / "mine"
    folder.mkdir(parents=True)
    (folder / "stack.yaml").write_text(
        "format: 1\nname: mine\ntitle: M\nlanguage: any\ninstall: ['true']\ninstalls_like: {go.mod: go}\n"
    )
    with pytest.raises(PackError) as raised:
        load_stack(folder)
    assert "there is no stack `go`" in raised.value.message
    assert raised.value.line == 6
