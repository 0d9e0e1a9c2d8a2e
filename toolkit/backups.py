"""What `kata reset` replaced, kept until somebody wants it back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from graders.errors import KataError
from graders.submission.folder import snapshot
from toolkit.files import copy_into_place, write_whole
from toolkit.settings import Settings


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a repository in `folder`, made before the files `touched` were replaced or removed."""

    folder: Path
    repository: str
    at: str
    touched: tuple[str, ...]
    undone: bool = False


def back_up(
    root: Path, name: str, touched: Sequence[str], settings: Settings, *, undone: bool = False
) -> Backup:
    """Copy the repository at `root`, as far as it is part of the work. Raises KataError where that fails.

    A backup that is `undone` from the beginning is not offered to `kata undo`.
    """
    now = datetime.now(UTC)
    folder = settings.data_dir / "backups" / f"{name}-{now:%Y%m%d-%H%M%S.%f}"
    backup = Backup(folder, str(root), now.isoformat(timespec="microseconds"), tuple(touched), undone)
    try:
        folder.mkdir(parents=True)
        snapshot(root, folder)
        _write(backup)
    except OSError as error:
        raise KataError(
            f"no backup can be made in {folder}: {error.strerror}",
            hint="free space or grant access there, or set KATA_DATA_DIR to another directory; nothing was changed",
        ) from error
    return backup


def last_backup(root: Path, settings: Settings) -> Backup | None:
    """The newest backup of a reset of this repository that was not undone."""
    found = (_read(path) for path in (settings.data_dir / "backups").glob("*.json"))
    own = [backup for backup in found if backup and backup.repository == str(root) and not backup.undone]
    return max(own, key=lambda backup: backup.at, default=None)


def undo(backup: Backup, root: Path) -> tuple[list[str], list[str]]:
    """Put the touched files back as they were; the names of those put back and of those removed."""
    put_back = [name for name in backup.touched if (backup.folder / name).is_file()]
    removed = [name for name in backup.touched if name not in put_back and (root / name).is_file()]
    for name in put_back:
        copy_into_place(backup.folder / name, root / name)
    for name in removed:
        remove(root, name)
    _write(replace(backup, undone=True))
    return put_back, removed


def remove(root: Path, name: str) -> None:
    """Remove a file, and the folders that are empty then."""
    (root / name).unlink()
    for folder in (root / name).parents:
        if folder == root or any(folder.iterdir()):
            break
        folder.rmdir()


def _write(backup: Backup) -> None:
    document = {**asdict(backup), "format": 1, "folder": str(backup.folder)}
    write_whole(backup.folder.with_name(backup.folder.name + ".json"), json.dumps(document, indent=2) + "\n")


def _read(path: Path) -> Backup | None:
    # A damaged note costs the undo of one reset; its files are still there.
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        touched = tuple(map(str, document["touched"]))
        texts = [str(document[name]) for name in ("folder", "repository", "at")]
        return Backup(Path(texts[0]), texts[1], texts[2], touched, bool(document["undone"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None
