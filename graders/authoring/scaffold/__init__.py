"""A new kata's folder: everything that one needs, with the texts that are left to write marked as TODO."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from graders.authoring.edit_writer import edits_between, files_of, solution_yaml
from graders.errors import UsageError
from graders.packs.index import SLUG
from graders.packs.loader import builtin_pack, load_kata
from graders.packs.records import Stack
from graders.packs.rendering import render_starter

_HERE = Path(__file__).parent
# Folders of skeletons/<stack>/scaffold/: the starter, and the known solutions as whole files.
_CODE = ("starter", "reference", "made-up", "remembers")


@dataclass(frozen=True, slots=True)
class NewKata:
    """What to write. `stacks`: one starter each, at least one; `python`: the suite as Python functions, not as YAML;
    `stages`: the task in two stages."""

    slug: str
    stacks: tuple[Stack, ...]
    title: str = ""
    skill: str = "http-semantics"
    python: bool = False
    stages: bool = False

    @property
    def words(self) -> dict[str, object]:
        """What the templates may use."""
        title = self.title or self.slug.replace("-", " ").capitalize()
        return {
            "slug": self.slug,
            "title": title,
            "skill": self.skill,
            "python": self.python,
            "stages": self.stages,
        }


def new_kata(asked: NewKata, pack: Path) -> Path:
    """Write `pack`/katas/<slug>, and the schemas for editors; the kata's folder.

    Raises UsageError for a name that is not a slug or is taken, and for a stack without a scaffold.
    """
    if not SLUG.fullmatch(asked.slug):
        better = re.sub(r"[^a-z0-9]+", "-", asked.slug.lower()).strip("-")
        raise UsageError(
            f"`{asked.slug}` is not a valid slug",
            hint=f"use small letters, digits and hyphens, e.g. `{better}`",
        )
    folder = pack / "katas" / asked.slug
    if folder.exists():
        raise UsageError(f"{folder} exists already", hint="choose another slug, or remove that folder")
    for stack in asked.stacks:
        _must_have_code(stack)
    _write_schemas(pack)
    _write_kata(asked, folder)
    for stack in asked.stacks:
        _write_tree(stack.folder / "scaffold" / "starter", folder / "starter" / stack.name, asked.words)
    for number, stack in enumerate(asked.stacks):
        _write_solutions(asked, folder, stack, f"{stack.name}-" if number else "")
    return folder


def _must_have_code(stack: Stack) -> None:
    code = stack.folder / "scaffold"
    missing = [name for name in _CODE if not (code / name).is_dir()]
    if missing:
        raise UsageError(
            f"there is no scaffold for the stack `{stack.name}`",
            hint=f"write {code} ({', '.join(missing)}), or choose another one with --stack",
        )


def _write_schemas(pack: Path) -> None:
    inside = Path("content") / "schemas"
    if not (pack / inside).exists():
        shutil.copytree(builtin_pack() / inside, pack / inside)


def _write_kata(asked: NewKata, folder: Path) -> None:
    """What does not depend on a stack: kata.yaml, the briefs, the data, the suite."""
    left_out = {"suite-yaml" if asked.python else "suite-python", *(() if asked.stages else ("stages",))}
    for part in sorted(path for path in (_HERE / "kata").iterdir() if path.name not in left_out):
        if part.is_dir():
            _write_tree(part, folder / part.name.partition("-")[0], asked.words)
        else:
            _write_file(part, folder / part.stem, asked.words)


def _write_tree(source: Path, into: Path, words: Mapping[str, object]) -> None:
    for path in sorted(source.rglob("*.j2")):
        _write_file(path, into / path.relative_to(source).with_suffix(""), words)


def _write_file(source: Path, target: Path, words: Mapping[str, object]) -> None:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        environment.from_string(source.read_text(encoding="utf-8")).render(words), encoding="utf-8"
    )


@dataclass(frozen=True, slots=True)
class _SolutionText:
    """A known solution to write: the folder of the stack's scaffold that it takes, and the keys above its edits."""

    name: str
    code: str
    over: str
    head: str


def _answers(asked: NewKata, stack: Stack, prefix: str) -> Iterator[_SolutionText]:
    over_starter = f"stack: {stack.name}\nover: starter\n"
    reference = f"{prefix}reference"
    why = "why: |\n  TODO why this is right: learners read it after 100 points.\n"
    yield _SolutionText(
        reference,
        "reference",
        "starter",
        f"kind: reference\n{over_starter}title: Answers from the table\n{why}",
    )
    for code, title, trap, fails in (
        ("made-up", "Makes the answers up", "answers are made up", "answers-from-the-table, stays-right"),
        ("remembers", "Remembers its first answer", "an answer outlives the row", "stays-right"),
    ):
        head = f"kind: flawed\nover: {reference}\ntitle: {title}\ntrap: {trap}\nfails: [{fails}]\n"
        yield _SolutionText(
            f"{prefix}{code}", code, "reference", head + "why: |\n  TODO what goes wrong for whom.\n"
        )
    if asked.stages and not prefix:
        head = f"kind: alternative\n{over_starter}stage: read\ntitle: Answers, and remembers the answer\n"
        yield _SolutionText(
            "read-alone",
            "remembers",
            "starter",
            head + "why: |\n  What the first stage asks for, and no more.\n",
        )


def _write_solutions(asked: NewKata, folder: Path, stack: Stack, prefix: str) -> None:
    code = stack.folder / "scaffold"
    with tempfile.TemporaryDirectory(prefix="kata-") as scratch:
        starter = Path(scratch) / "starter"
        render_starter(load_kata(folder), stack, starter)
        trees = {"starter": files_of(starter)}
        for answer in _answers(asked, stack, prefix):
            _write_tree(code / answer.code, Path(scratch) / answer.code, asked.words)
            trees[answer.code] = {**trees["starter"], **files_of(Path(scratch) / answer.code)}
            _write_solution(folder, answer, trees)


def _write_solution(folder: Path, answer: _SolutionText, trees: Mapping[str, Mapping[str, bytes]]) -> None:
    place = folder / "solutions" / f"{answer.name}.yaml"
    place.parent.mkdir(exist_ok=True)
    line = "# yaml-language-server: $schema=../../../content/schemas/solution.json\n"
    edits = edits_between(trees[answer.over], trees[answer.code])
    place.write_text(solution_yaml(line + answer.head, edits), encoding="utf-8")
