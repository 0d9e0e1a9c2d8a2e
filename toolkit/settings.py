"""Where things are kept and what the user chose: with `directories`, the only place that reads the environment.

`KATA_DATA_DIR`, `KATA_CACHE_DIR`, `KATA_STATE_DIR` and `KATA_CONFIG_DIR` replace the places that
`toolkit.directories` finds.
`settings.yaml` in the config directory may hold `packs:` (a list of directories) and `color:` (auto, always, never).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from graders.errors import PackError, UsageError
from toolkit.directories import directory, expanded

COLORS = ("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run of `kata` goes by. `packs` come in addition to the built-in one, in order of precedence."""

    data_dir: Path
    cache_dir: Path
    state_dir: Path
    config_dir: Path
    packs: tuple[Path, ...] = ()
    color: str = "auto"
    verbose: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def progress_file(self) -> Path:
        return self.data_dir / "progress.sqlite"

    @property
    def run_dir(self) -> Path:
        """Where runs keep what must be removed when they end; a later run reaps what a killed one left."""
        return self.cache_dir / "runs"


def load_settings(*, packs: Sequence[Path] = (), color: str | None = None, verbose: bool = False) -> Settings:
    """The settings file with the command line laid over it. Raises PackError for a file that cannot be read."""
    found = Settings(
        data_dir=directory("data"),
        cache_dir=directory("cache"),
        state_dir=state_dir(),
        config_dir=directory("config"),
        verbose=verbose,
        environment=dict(os.environ),
    )
    written = _read_file(found.config_dir / "settings.yaml")
    return replace(
        found,
        packs=tuple(_existing(path) for path in packs) + written.packs,
        color=color or written.color,
    )


def state_dir() -> Path:
    """Where logs are written; needs no settings file, so that a broken one can be logged too."""
    return directory("state")


def wants_color(color: str, stream: IO[str]) -> bool:
    """Whether to paint what goes to `stream`: as asked, else where a person reads it (no-color.org)."""
    if color in ("always", "never"):
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def completes_for_a_shell() -> bool:
    """Whether a shell asks for completions instead of a run."""
    return bool(os.environ.get("_KATA_COMPLETE"))


def _existing(path: Path) -> Path:
    if not _is_folder(path):
        raise UsageError(
            f"--pack {path}: there is no such directory.",
            hint="Name the folder that holds katas/, content/ and skeletons/.",
        )
    return path.absolute()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # A name that no directory can have.
        return False


@dataclass(frozen=True, slots=True)
class _Written:
    packs: tuple[Path, ...] = ()
    color: str = "auto"


def _read_file(path: Path) -> _Written:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _Written()
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(
            f"the settings cannot be read: {error}", path=path, hint="Correct or remove the file."
        ) from error
    import yaml

    try:
        content = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A ValueError: a date that the calendar does not have.
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "this is not YAML"
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise PackError(
            problem, path=path, line=line, column=column, hint="Correct or remove the file."
        ) from error
    return _checked(content, path)


def _checked(content: Any, path: Path) -> _Written:
    def wrong(message: str) -> PackError:
        return PackError(
            message, path=path, hint="It may hold `packs: [DIRECTORY, ...]` and `color: auto|always|never`."
        )

    if not isinstance(content, dict):
        raise wrong("the settings are not a list of `key: value` lines.")
    if unknown := [str(key) for key in content if key not in ("packs", "color")]:
        raise wrong(f"unknown setting {unknown[0]!r}.")
    packs, color = content.get("packs") or [], content.get("color", "auto")
    if not isinstance(packs, list) or not all(isinstance(entry, str) for entry in packs):
        raise wrong("`packs` is not a list of directories.")
    if color not in COLORS:
        raise wrong(f"`color` is {color!r}.")
    folders = tuple((path.parent / expanded(Path(entry))).absolute() for entry in packs)
    if missing := [folder for folder in folders if not _is_folder(folder)]:
        raise wrong(f"there is no such pack directory: {missing[0]}.")
    return _Written(folders, color)


def terminal_width(default: int = 100) -> int:
    """Columns of the terminal, `default` where there is none."""
    import shutil

    return max(40, shutil.get_terminal_size((default, 24)).columns)


def speaks_unicode(stream: IO[str]) -> bool:
    """Whether `stream` can carry the marks and boxes of the views."""
    return (getattr(stream, "encoding", "") or "").lower().replace("-", "").startswith(
        "utf"
    ) or sys.platform == "darwin"
