"""From a pack to a repository: the starter that a learner gets, or a known solution laid over it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from graders.errors import PackError
from graders.packs.edits import apply_edits
from graders.packs.loader import builtin_pack
from graders.packs.records import Kata, Solution, Stack
from graders.packs.solutions import layers_of

MARKER = ".kata.yaml"
_LEFT_OUT = {"__pycache__", ".DS_Store"}


def render_starter(kata: Kata, stack: Stack, into: Path) -> None:
    """Write the starter repository into `into` (made if absent): skeleton, the kata's files, brief, open checks."""
    into.mkdir(parents=True, exist_ok=True)
    _render_skeleton(kata, stack, into)
    starter = kata.starter(stack.name)
    if starter is not None:
        _lay_over(starter, into)
    (into / "README.md").write_text(read_brief(kata), encoding="utf-8")
    (into / MARKER).write_text(_marker(kata, stack), encoding="utf-8")
    checks = into / "checks"
    checks.mkdir(exist_ok=True)
    for path in shipped_checks(kata):
        shutil.copyfile(path, checks / path.name)


def _marker(kata: Kata, stack: Stack) -> str:
    lines = ["format: 1", f"kata: {kata.slug}", f"stack: {stack.name}"]
    if kata.pack.resolve() != builtin_pack().resolve():
        # A JSON text is a YAML text, whatever the path holds.
        lines.append(f"pack: {json.dumps(str(kata.pack.resolve()), ensure_ascii=False)}")
    return "\n".join((*lines, ""))


def read_brief(kata: Kata) -> str:
    """The task as its author wrote it. Raises PackError where there is none, or none that can be read."""
    path = kata.folder / "brief.md"
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        hint = "write the task: every endpoint, every status, every rule that is checked"
        raise PackError("is missing", path=path, hint=hint) from None
    except UnicodeDecodeError as error:
        raise PackError(f"is not UTF-8 (byte {error.start})", path=path, hint="save it as UTF-8") from None
    except OSError as error:
        raise PackError(f"cannot be read: {error.strerror}", path=path, hint="give access to it") from None


def shipped_checks(kata: Kata) -> tuple[Path, ...]:
    """The suite's files that learners may read: the open checks and what these share."""
    suite = kata.folder / "suite"
    patterns = ("open_*.py", "open_*.yaml", "shared_*.py", "shared_*.yaml")
    return tuple(sorted(path for pattern in patterns for path in suite.glob(pattern)))


def render_solution(kata: Kata, stack: Stack, solution: Solution, into: Path) -> None:
    """Write the starter with `solution`, and whatever it is laid over, on top."""
    render_starter(kata, stack, into)
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
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        return environment.from_string(source.read_text()).render(kata=kata, stack=stack)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        hint = "the template may use kata.slug, kata.title, kata.minutes, stack.name and stack.title"
        raise PackError(f"cannot be rendered: {error}", path=source, line=line, hint=hint) from None


def _lay_over(folder: Path, into: Path, *, leave_out: str = "") -> None:
    removed = folder / ".delete"
    if removed.is_file():
        for name in removed.read_text().split():
            (into / name).unlink(missing_ok=True)
    for source, inside in _files(folder):
        if inside.as_posix() in (leave_out, ".delete"):
            continue
        target = into / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _files(base: Path) -> Iterator[tuple[Path, Path]]:
    for source in sorted(base.rglob("*")):
        inside = source.relative_to(base)
        if source.is_file() and not source.is_symlink() and not _LEFT_OUT & set(inside.parts):
            yield source, inside
