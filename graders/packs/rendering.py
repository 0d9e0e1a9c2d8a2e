"""From a pack to a repository: the starter that a learner gets, or a known solution laid over it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from graders.errors import PackError
from graders.packs.edits import apply_edits
from graders.packs.loader import builtin_pack
from graders.packs.records import Assistants, Kata, Solution, Stack, Stage
from graders.packs.solutions import layers_of
from graders.packs.stages import brief_at, read_text, shipped_at, stage_meant

MARKER = ".kata.yaml"
_LEFT_OUT = {"__pycache__", ".DS_Store"}


def render_starter(
    kata: Kata, stack: Stack, into: Path, stage: Stage | None = None, *, assistants: Assistants = "tutor"
) -> None:
    """Write the starter repository into `into` (made if absent): skeleton, the kata's files, brief, open checks.

    `stage`: the last one that is open; None opens all of them. `assistants`: what AGENTS.md asks of coding assistants.
    """
    into.mkdir(parents=True, exist_ok=True)
    _render_skeleton(kata, stack, into)
    starter = kata.starter(stack.name)
    if starter is not None:
        _lay_over(starter, into)
    elif (kata.folder / "schema.sql").is_file():
        # Nothing else says what the tables are.
        shutil.copyfile(kata.folder / "schema.sql", into / "schema.sql")
    (into / "AGENTS.md").write_text(_instructions(kata, assistants), encoding="utf-8")
    open_stage(kata, stack, into, stage, assistants=assistants)


def _instructions(kata: Kata, assistants: Assistants) -> str:
    """The instructions for coding assistants; the words of the kata's own pack come first."""
    for root in (kata.pack, builtin_pack()):
        path = root / "content" / "assistants" / f"{assistants}.md"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise PackError("has no such instructions", path=path, hint="add the file to the pack")


def open_stage(
    kata: Kata, stack: Stack, into: Path, stage: Stage | None, *, assistants: Assistants = "tutor"
) -> None:
    """Write what depends on the stage: the brief, the open checks and the repository's marker."""
    (into / "README.md").write_text(_readme(kata, stack, stage), encoding="utf-8")
    (into / MARKER).write_text(_marker(kata, stack, stage, assistants), encoding="utf-8")
    checks = into / "checks"
    checks.mkdir(exist_ok=True)
    for path in shipped_at(kata, stage):
        shutil.copyfile(path, checks / path.name)


def _readme(kata: Kata, stack: Stack, stage: Stage | None) -> str:
    """The brief, and what the stack has to say to somebody who brings all of the code."""
    contract = stack.folder / "contract.md"
    brief = brief_at(kata, stage)
    return f"{brief.rstrip()}\n\n{read_text(contract)}" if contract.is_file() else brief


def _marker(kata: Kata, stack: Stack, stage: Stage | None, assistants: Assistants) -> str:
    lines = ["format: 1", f"kata: {kata.slug}", f"stack: {stack.name}"]
    if kata.pack.resolve() != builtin_pack().resolve():
        # A JSON text is a YAML text, for any characters in the path.
        lines.append(f"pack: {json.dumps(str(kata.pack.resolve()), ensure_ascii=False)}")
    if stage is not None:
        lines.append(f"stage: {stage.id}")
    lines.append(f"assistants: {assistants}")
    return "\n".join((*lines, ""))


def starter_file(kata: Kata, stack: Stack, name: str) -> bytes | None:
    """What the starter repository holds under that name, without the rest of it; None where there is nothing."""
    starter = kata.starter(stack.name)
    for path in (*([starter / name] if starter is not None else []), stack.folder / "tree" / name):
        if path.is_file() and not path.is_symlink():
            return path.read_bytes()
    template = stack.folder / "tree" / f"{name}.j2"
    return _rendered(template, kata, stack).encode() if template.is_file() else None


def render_solution(kata: Kata, stack: Stack, solution: Solution, into: Path) -> None:
    """Write the starter with `solution`, and the solutions that it is laid over, on top."""
    render_starter(kata, stack, into, stage_meant(kata, solution.stage) if kata.stages else None)
    for layer in layers_of(kata, solution):
        if layer.folder is None:
            apply_edits(layer.edits, into, layer.source)
        else:
            _lay_over(layer.folder, into, leave_out="solution.yaml")


def _render_skeleton(kata: Kata, stack: Stack, into: Path) -> None:
    tree = stack.folder / "tree"
    if not tree.is_dir():
        raise PackError("has no tree/", path=stack.folder, hint="add the starter repository's files there")
    for source, inside in _files(tree):
        target = into / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        if inside.suffix == ".j2":
            target = target.with_suffix("")
            target.write_text(_rendered(source, kata, stack))
            shutil.copymode(source, target)
        else:
            shutil.copy(source, target)


def _rendered(source: Path, kata: Kata, stack: Stack) -> str:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        return environment.from_string(read_text(source)).render(kata=kata, stack=stack)
    except PackError:
        raise
    except Exception as error:
        # A template is a small program: what it raises is a mistake in it.
        line = getattr(error, "lineno", None)
        hint = "the template may use kata.slug, kata.title, kata.minutes, stack.name and stack.title"
        raise PackError(f"cannot be rendered: {error}", path=source, line=line, hint=hint) from None


def _lay_over(folder: Path, into: Path, *, leave_out: str = "") -> None:
    removed = folder / ".delete"
    if removed.is_file():
        for name in read_text(removed).split():
            _remove(into, name, removed)
    for source, inside in _files(folder):
        if inside.as_posix() in (leave_out, ".delete"):
            continue
        target = into / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _remove(into: Path, name: str, listed_in: Path) -> None:
    target = Path(name)
    if target.is_absolute() or ".." in target.parts or (into / target).is_dir():
        raise PackError(
            f"`{name}` is not a file of the repository", path=listed_in, hint="name files, one a line"
        )
    (into / target).unlink(missing_ok=True)


def _files(base: Path) -> Iterator[tuple[Path, Path]]:
    for source in sorted(base.rglob("*")):
        inside = source.relative_to(base)
        if source.is_file() and not source.is_symlink() and not _LEFT_OUT & set(inside.parts):
            yield source, inside
