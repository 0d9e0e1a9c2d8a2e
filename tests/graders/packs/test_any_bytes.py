"""Packs whose files hold any bytes: they are read, or refused with the file's name."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from random import Random

from damage import damaged
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.errors import PackError, UsageError
from graders.packs.curriculum import load_skills, load_tracks
from graders.packs.loader import open_packs
from graders.packs.rendering import render_solution, render_starter
from graders.packs.solutions import load_solutions
from graders.packs.yaml_source import read_plain

ROOT = Path(__file__).parents[3]
TINY = ROOT / "tests" / "packs" / "tiny"
SKILLS = "format: 1\nareas:\n  - {id: a, title: A, skills: [{id: s, can: do it, katas: [greeting]}]}\n"
TRACK = "format: 1\nslug: other\ntitle: T\nsummary: S\nkatas: [greeting]\n"


def _pack(folder: Path) -> Path:
    root = Path(shutil.copytree(TINY, folder / "pack"))
    for name, text in (("skills.yaml", SKILLS), ("tracks/other.yaml", TRACK)):
        path = root / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copy(ROOT / "content" / "findings" / "n-plus-one.yaml", root / "content" / "page.yaml")
    return root


def _read_all(root: Path, into: Path) -> None:
    packs = open_packs([root])
    load_skills(packs)
    load_tracks(packs)
    read_plain(root / "content" / "page.yaml")
    kata = packs.kata("greeting")
    for name in kata.stacks:
        render_starter(kata, packs.stack(name), into / name)
    for solution in load_solutions(kata):
        render_solution(kata, packs.stack(solution.stack), solution, into / solution.name)


@settings(max_examples=30)
@given(st.data(), st.binary() | st.randoms(use_true_random=False))
def test_a_pack_with_a_damaged_file(data: st.DataObject, content: bytes | Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = _pack(Path(folder))
        files = sorted(path for path in root.rglob("*") if path.suffix in (".yaml", ".md", ".j2", ".py", ""))
        victim = data.draw(st.sampled_from([path for path in files if path.is_file()]))
        victim.write_bytes(content if isinstance(content, bytes) else damaged(victim.read_bytes(), content))
        try:
            _read_all(root, Path(folder) / "made")
        except PackError as error:
            assert str(root) in error.message
        except UsageError as error:
            # The audit names the file; a stack is looked for by whoever asks for it.
            assert "there is no stack" in error.message and error.hint


def test_a_list_of_removed_files_stays_in_the_repository(tmp_path: Path) -> None:
    root = _pack(tmp_path)
    outside = tmp_path / "made" / "outside.txt"
    outside.parent.mkdir()
    outside.write_text("kept")
    starter = root / "katas" / "greeting" / "starter" / "python-plain"
    for name in ("../outside.txt", str(outside), ".", "checks"):
        (starter / ".delete").write_text(name)
        packs = open_packs([root])
        try:
            render_starter(packs.kata("greeting"), packs.stack("python-plain"), tmp_path / "made" / "one")
        except PackError as error:
            assert f"`{name}` is not a file of the repository" in error.message
        else:
            assert name == "checks"
    assert outside.read_text() == "kept"
