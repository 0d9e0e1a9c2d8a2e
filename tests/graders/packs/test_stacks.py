"""Stacks and datasets as packs write them: what a stack says, which one is preferred, and an older name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders.authoring.audit import audit
from graders.errors import PackError
from graders.packs.loader import Packs, builtin_pack, load_kata, open_packs
from graders.packs.stacks import IGNORED, load_stack

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "pack"))


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_a_stack_of_an_older_pack_has_what_it_does_not_say() -> None:
    stack = load_stack(TINY / "skeletons" / "python-plain")
    assert (stack.installer, stack.extend, stack.build) == ("other", (), ())
    assert stack.ignore == IGNORED


@pytest.mark.parametrize(
    ("command", "installer"),
    [
        ("pip install -r x", "pip"),
        ("python -m pip --python p install x", "pip"),
        ("npm ci --prefix x", "npm"),
    ],
)
def test_the_installer_is_read_from_the_commands_that_call_it(
    pack: Path, command: str, installer: str
) -> None:
    folder = pack / "skeletons" / "python-plain"
    text = (folder / "stack.yaml").read_text()
    start = text.index("install:")
    (folder / "stack.yaml").write_text(f"{text[:start]}install: ['{command}']\npath: []\n")
    assert load_stack(folder).installer == installer


def test_a_pattern_among_the_ignored_names_is_refused(pack: Path) -> None:
    path = pack / "skeletons" / "python-plain" / "stack.yaml"
    path.write_text(path.read_text() + "ignore: ['build/*']\n")
    with pytest.raises(PackError) as raised:
        load_stack(path.parent)
    assert "build/*" in raised.value.message


def test_the_built_in_pack_prefers_a_stack_that_every_kata_has() -> None:
    packs = open_packs()
    assert packs.default_stack().name == "python-fastapi"
    assert {packs.stack_of(kata, None).name for kata in packs.katas()} == {"python-fastapi"}


def test_a_pack_s_own_order_comes_first_for_its_katas(pack: Path) -> None:
    kata = pack / "katas" / "greeting"
    shutil.copytree(kata / "starter" / "python-plain", kata / "starter" / "node-express")
    packs = Packs([builtin_pack(), pack])
    assert packs.stack_of(packs.kata("greeting"), None).name == "node-express"
    (pack / "content").mkdir()
    (pack / "content" / "stacks.yaml").write_text("format: 1\norder: [python-plain]\n")
    assert packs.stack_of(packs.kata("greeting"), None).name == "python-plain"


def test_datasets_were_called_worlds(pack: Path) -> None:
    path = pack / "katas" / "greeting" / "kata.yaml"
    old = load_kata(path.parent)
    noted = [problem for problem in audit(old, Packs([pack])) if problem.deprecation]
    assert [problem.message for problem in noted] == ["`environment.worlds` is a deprecated name"]
    changed(path, "  worlds:", "  datasets:")
    load_kata.cache_clear()
    assert load_kata(path.parent).environment == old.environment
    changed(path, "  datasets: {small: 1, large: 3}", "  datasets: {small: 1}\n  worlds: {small: 1}")
    load_kata.cache_clear()
    with pytest.raises(PackError, match="old name of `datasets`"):
        load_kata(path.parent)


@pytest.mark.parametrize(
    "line",
    ["links: {../outside: x}", "links: {/etc/x: x}", "locks: {../l: run}", 'inputs: ["../../etc/passwd"]'],
)
def test_a_name_that_leads_out_of_the_repository_is_refused(pack: Path, line: str) -> None:
    stack = pack / "skeletons/python-plain/stack.yaml"
    kept = [
        old
        for old in stack.read_text().splitlines()
        if not old.startswith(line.split(":", maxsplit=1)[0] + ":")
    ]
    stack.write_text("\n".join([*kept, line, ""]))
    with pytest.raises(PackError, match="leads out of its folder"):
        load_stack(stack.parent)
