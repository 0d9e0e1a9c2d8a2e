"""A new kata's folder: everything that one needs, with the work that is left marked in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from graders.errors import UsageError
from graders.packs.index import SLUG
from graders.packs.loader import builtin_pack
from graders.packs.records import Stack

_HERE = Path(__file__).parent
_SOLUTIONS = {
    "reference": "kind: reference\nstack: {stack}\ntitle: Answers from the table\nwhy: |\n  TODO: why this is right.\n",
    "made-up": "kind: flawed\nstack: {stack}\ntitle: Makes the answers up\nover: reference\n"
    "trap: answers are made up\nfails: [answers-from-the-table, stays-right]\n",
}


def new_kata(slug: str, stack: Stack, pack: Path, *, title: str = "", skill: str = "http-semantics") -> Path:
    """Write `pack`/katas/`slug` on that stack, and the schemas for editors; the kata's folder.

    Raises UsageError for a name that is not a slug or is taken, and for a stack without a scaffold.
    """
    if not SLUG.fullmatch(slug):
        better = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")
        raise UsageError(
            f"`{slug}` is not a valid slug", hint=f"use small letters, digits and hyphens, e.g. `{better}`"
        )
    folder = pack / "katas" / slug
    if folder.exists():
        raise UsageError(f"{folder} exists already", hint="choose another slug, or remove that folder")
    code = stack.folder / "scaffold"
    if not code.is_dir():
        raise UsageError(
            f"there is no scaffold for the stack `{stack.name}`",
            hint=f"write {code} (starter, reference and made-up), or choose another one with --stack",
        )
    schemas = _schemas(pack)
    words = {
        "slug": slug,
        "title": title or slug.replace("-", " ").capitalize(),
        "skill": skill,
        "schemas": "../" * 2 + schemas,
    }
    _write_tree(_HERE / "kata", folder, words)
    _write_tree(code / "starter", folder / "starter" / stack.name, words)
    for name, head in _SOLUTIONS.items():
        solution = folder / "solutions" / name
        _write_tree(code / name, solution, words)
        line = f"# yaml-language-server: $schema={'../' * 4}{schemas}/solution.json\n"
        (solution / "solution.yaml").write_text(line + head.format(stack=stack.name))
    return folder


def _schemas(pack: Path) -> str:
    inside = Path("content") / "schemas"
    if not (pack / inside).exists():
        shutil.copytree(builtin_pack() / inside, pack / inside)
    return inside.as_posix()


def _write_tree(source: Path, into: Path, words: dict[str, str]) -> None:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    for path in sorted(source.rglob("*.j2")):
        target = into / path.relative_to(source).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(environment.from_string(path.read_text()).render(words))
