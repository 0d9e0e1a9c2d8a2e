"""What an editor needs to resolve a repository's imports: links to the environment, and settings that name them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graders.packs.records import Stack
    from graders.submission.dependencies import Toolchain
    from graders.submission.folder import Submission
    from toolkit.settings import Settings

# PyCharm and VS Code look for an environment of this name in the folder that they open.
VENV = ".venv"
_INTERPRETERS = {"python": ("python", "python3"), "javascript": ("node",)}
_VSCODE: Mapping[str, Mapping[str, object]] = {
    "python": {
        "python.defaultInterpreterPath": f"${{workspaceFolder}}/{VENV}/bin/python",
        # The open checks are there to be read; what they import is the grader's.
        "python.analysis.ignore": ["checks"],
    }
}


@dataclass(frozen=True, slots=True)
class EditorEnvironment:
    """Where the dependencies of a repository are. `interpreter` and `node_modules` are None where there are none;
    `path` are the folders of programs; `links` what leads there from the repository."""

    interpreter: Path | None
    node_modules: Path | None
    path: tuple[str, ...]
    links: Mapping[str, Path]


def write_editor_settings(root: Path, stack: Stack) -> None:
    """Write what VS Code reads into the repository at `root`, unless it has such a file; git ignores it."""
    settings = _VSCODE.get(stack.language)
    folder = root / ".vscode"
    if settings is None or (folder / "settings.json").exists():
        return
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def editor_environment(
    submission: Submission, settings: Settings, progress: Callable[[str], None] = lambda _: None
) -> EditorEnvironment:
    """The environment of a repository, installed unless it is there, with the links to it made anew.

    A link that somebody else made, or a folder of that name, stays as it is. Raises KataError as `prepare_environment`.
    """
    from graders.errors import UsageError
    from graders.sandbox.process import ProcessSandbox
    from graders.submission.dependencies import prepare_environment
    from graders.submission.failures import ServiceFailure

    try:
        toolchain = prepare_environment(
            submission.stack,
            submission.root,
            kata=submission.kata,
            cache=settings.cache_dir,
            variables=settings.environment,
            sandbox=ProcessSandbox(),
            progress=progress,
        )
    except ServiceFailure as failure:
        raise UsageError(failure.message, hint=failure.hint) from None
    return _linked(submission.root, toolchain, settings.cache_dir)


def _linked(root: Path, toolchain: Toolchain, cache: Path) -> EditorEnvironment:
    wanted = dict(_wanted(toolchain))
    links = {name: place for name, place in wanted.items() if _link(root / name, place, cache)}
    programs = _INTERPRETERS.get(toolchain.stack.language, ())
    found = (shutil.which(program, path=":".join(toolchain.path)) for program in programs)
    interpreter = next((Path(program) for program in found if program), None)
    return EditorEnvironment(interpreter, wanted.get("node_modules"), toolchain.path, links)


def _wanted(toolchain: Toolchain) -> Iterator[tuple[str, Path]]:
    if (toolchain.folder / "bin" / "python").exists():
        yield VENV, toolchain.folder
    yield from ((name, Path(place)) for name, place in toolchain.links.items())


def _link(link: Path, place: Path, cache: Path) -> bool:
    """Let `link` lead to `place`; False where the learner has something else there."""
    if link.is_symlink():
        if not link.readlink().is_relative_to(cache):
            return False
        # Made anew even if it leads there already: its age says that the dependencies were looked at.
        link.unlink()
    elif link.exists():
        return False
    link.symlink_to(place)
    return True


def refresh_links(submission: Submission, settings: Settings) -> None:
    """Make the links anew where a dependency file is younger than they are; the environment is ready by now.

    Cheap where nothing has changed; what goes wrong is left to `kata env` to say.
    """
    from contextlib import suppress

    from graders.errors import KataError

    if not _is_stale(submission):
        return
    with suppress(KataError, OSError):
        editor_environment(submission, settings)


def _is_stale(submission: Submission) -> bool:
    from graders.submission.resembling import alike

    stacks = alike(submission.stack)
    names = [VENV, *(name for stack in stacks for name in stack.links)]
    links = [submission.root / name for name in names if (submission.root / name).is_symlink()]
    if not links:
        return not any((submission.root / name).exists() for name in names)
    made = min(link.lstat().st_mtime for link in links)
    inputs = [submission.root / name for stack in stacks for name in stack.inputs]
    return any(path.is_file() and path.stat().st_mtime > made for path in inputs) or not all(
        link.exists() for link in links
    )
