"""Packages without a network: wheels in a folder, that pip is pointed to as any caller would."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from wheels import make_wheel

from graders.packs.loader import builtin_pack
from graders.packs.records import Kata, Stack
from graders.packs.stacks import load_stack
from graders.sandbox.process import ProcessSandbox
from graders.submission.dependencies import Toolchain, prepare_environment


@dataclass
class Bench:
    """A Python stack whose starter needs `alpha`, a repository that began as it, and an index of two wheels."""

    stack: Stack
    kata: Kata
    root: Path
    wheels: Path
    cache: Path
    caller: dict[str, str]
    heard: list[str] = field(default_factory=list)

    def requires(self, *lines: str) -> None:
        (self.root / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))

    def prepare(self, **changes: str) -> Toolchain:
        """The repository's environment, with `changes` in the caller's own."""
        return prepare_environment(
            self.stack,
            self.root,
            kata=self.kata,
            cache=self.cache,
            variables={**self.caller, **changes},
            sandbox=ProcessSandbox(),
            progress=self.heard.append,
        )


@pytest.fixture
def bench(tmp_path: Path, make_kata: Callable[..., Kata]) -> Bench:
    wheels, root, home = tmp_path / "wheels", tmp_path / "repository", tmp_path / "home"
    skeleton = tmp_path / "skeleton"
    for folder in (wheels, root, home, skeleton / "tree"):
        folder.mkdir(parents=True)
    for name, version in (("alpha", "1.0"), ("alpha", "2.0"), ("beta", "1.0")):
        make_wheel(wheels, name, version, f"VERSION = {version!r}\n")
    (skeleton / "tree" / "requirements.txt").write_text("alpha==1.0\n")
    caller = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
    }
    made = Bench(
        stack=replace(load_stack(builtin_pack() / "skeletons" / "python-flask"), folder=skeleton),
        kata=make_kata(tmp_path / "kata"),
        root=root,
        wheels=wheels,
        cache=tmp_path / "cache",
        caller=caller,
    )
    made.requires("alpha==1.0")
    return made
