"""The packs that this user has started a kata from: a repository may name one of them, and no other."""

from __future__ import annotations

from pathlib import Path

from graders.errors import KataError
from graders.packs.loader import builtin_pack
from graders.packs.records import Kata
from toolkit.files import write_whole
from toolkit.settings import Settings


def known_packs(settings: Settings) -> tuple[Path, ...]:
    """Their roots, without those that are not there any more."""
    try:
        lines = _file(settings).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(Path(line) for line in lines if line and Path(line).is_dir())


def remember_pack(kata: Kata, settings: Settings) -> None:
    """Let repositories of this kata find its pack. Raises KataError where that cannot be written down."""
    pack = kata.pack.resolve()
    known = known_packs(settings)
    if pack in known or pack == builtin_pack().resolve():
        return
    try:
        write_whole(_file(settings), "".join(f"{each}\n" for each in (*known, pack)))
    except OSError as error:
        raise KataError(
            f"{_file(settings)} cannot be written, so the repository will not find its pack: {error.strerror}",
            hint=f"give access there, or name the pack each time: `kata --pack {pack} test`",
        ) from error


def _file(settings: Settings) -> Path:
    return settings.data_dir / "packs.txt"
