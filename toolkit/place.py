"""Where the learner stands: the settings of this run, its packs, and the kata that is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graders.errors import UsageError
from toolkit.settings import Settings

if TYPE_CHECKING:
    import typer

    from graders.packs.loader import Packs
    from graders.packs.records import Kata
    from graders.submission.folder import Submission


def settings_of(context: typer.Context) -> Settings:
    """The settings that the command line was started with."""
    settings = context.obj
    assert isinstance(settings, Settings)
    return settings


def packs_of(settings: Settings) -> Packs:
    """The built-in pack and the ones that the settings name."""
    from graders.packs.loader import open_packs

    return open_packs(settings.packs)


def submission_at(path: Path | None, packs: Packs) -> Submission:
    """The submission that `path`, or the working directory, is in."""
    from graders.submission.folder import open_submission

    return open_submission(path or _here(), packs)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageError(
            "the folder that you stand in is gone", hint="go to the repository, or name it: `kata test PATH`"
        ) from None


def kata_meant(name: str | None, packs: Packs) -> Kata:
    """The kata of that slug, or of the repository that is at that path, or that we stand in for None."""
    return kata_and_place(name, packs)[0]


def kata_and_place(name: str | None, packs: Packs) -> tuple[Kata, Path | None]:
    """As `kata_meant`, with the root of the repository that is meant; None where a slug was named."""
    if name is not None and not Path(name, ".kata.yaml").is_file():
        return packs.kata(name), None
    submission = submission_at(Path(name) if name is not None else None, packs)
    return submission.kata, submission.root
