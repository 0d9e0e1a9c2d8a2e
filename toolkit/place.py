"""What a command is about: the settings of this run, its packs, and the kata and stack that are meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from graders.errors import KataError, UsageError
from toolkit.settings import Settings

if TYPE_CHECKING:
    import typer

    from graders.packs.loader import Packs
    from graders.packs.records import Kata, Stack
    from graders.submission.folder import Submission


# As in graders.packs.rendering, which most verbs need not import.
_MARKER = ".kata.yaml"


def settings_of(context: typer.Context) -> Settings:
    """The settings that the command line was started with."""
    settings = context.obj
    assert isinstance(settings, Settings)
    return settings


def packs_of(settings: Settings, meant: str | Path | None = None) -> Packs:
    """The built-in pack, those that the settings name, and the one that a kata comes from that was started before.

    That kata is the one of the repository at `meant`, or of the slug `meant`, or of the working directory.
    """
    from graders.packs.loader import open_packs

    packs = open_packs(settings.packs)
    remembered = _remembered_pack(settings, meant, packs)
    return packs if remembered is None else open_packs((*settings.packs, remembered))


def _remembered_pack(settings: Settings, meant: str | Path | None, packs: Packs) -> Path | None:
    root = _root_of(meant) or _root_of(None)
    slug = None if meant is None or _root_of(meant) else str(meant)
    if root is None and (slug is None or slug in packs.slugs()):
        return None
    from toolkit.known_packs import known_packs

    for pack in known_packs(settings):
        if slug is not None and slug not in packs.slugs() and (pack / "katas" / slug / "kata.yaml").is_file():
            return pack
    return _named_by(root, packs, known_packs(settings)) if root is not None else None


def _named_by(root: Path, packs: Packs, known: Collection[Path]) -> Path | None:
    """The pack that the marker of a repository names, if it is a known one and needed."""
    from graders.submission.folder import read_marker

    try:
        marker = read_marker(root)
    except KataError:
        # Whoever opens the submission says what is wrong with it.
        return None
    return marker.pack if marker.kata not in packs.slugs() and marker.pack in known else None


def _root_of(place: str | Path | None) -> Path | None:
    """The repository that a path, or the working directory, is in."""
    try:
        start = Path(place) if place is not None else Path.cwd()
        folders = (start, *start.absolute().parents)
        return (
            next((folder for folder in folders if (folder / _MARKER).is_file()), None)
            if start.is_dir()
            else None
        )
    except OSError:
        return None


def submission_at(path: Path | None, packs: Packs) -> Submission:
    """The submission that `path`, or the working directory, is in."""
    from graders.submission.folder import open_submission

    return open_submission(path or _here(), packs)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageError(
            "the current directory no longer exists",
            hint="go to the repository, or name it: `kata test PATH`",
        ) from None


def kata_meant(name: str | None, packs: Packs) -> Kata:
    """The kata of that slug, or of the repository at that path; for None, that of the current directory."""
    return kata_and_place(name, packs)[0]


def kata_and_place(name: str | None, packs: Packs) -> tuple[Kata, Path | None]:
    """As `kata_meant`, with the root of the repository that is meant; None where a slug was named.

    A name that is both, a slug and a folder here, is the slug: `./NAME` is the folder.
    """
    if name is not None and (name in packs.slugs() or not Path(name, _MARKER).is_file()):
        return packs.kata(name), None
    submission = submission_at(Path(name) if name is not None else None, packs)
    return submission.kata, submission.root


def stack_meant(kata: Kata, name: str | None, packs: Packs) -> Stack:
    """The kata's stack of that name; a part of it that no other stack of the kata has (`node`, `flask`) will do.

    For None the default one. Raises UsageError with the stacks there are.
    """
    known = packs.stacks_for(kata)
    if name is None or name in known:
        return packs.stack_of(kata, name)
    meant = stacks_like(name, known)
    if len(meant) > 1:
        raise UsageError(f"`{name}` could be several stacks", hint=f"name one of: {', '.join(meant)}")
    return packs.stack_of(kata, meant[0] if meant else name)


def stacks_like(name: str, stacks: Iterable[str]) -> list[str]:
    """The stacks with `name` as one of their parts between hyphens."""
    return [stack for stack in stacks if name.lower() in stack.split("-")]
