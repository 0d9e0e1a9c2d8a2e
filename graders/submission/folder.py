"""The learner's folder: which kata it answers, what is in it, and a private copy to run."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graders.errors import UsageError
from graders.packs.loader import Packs
from graders.packs.records import ASSISTANTS, Assistants, Check, Kata, Stack, Stage
from graders.packs.rendering import MARKER, render_starter
from graders.packs.stacks import IGNORED
from graders.packs.stages import checks_up_to, stage_meant
from graders.packs.yaml_source import read_yaml
from graders.results.grade import Flag

MOST_FILES = 20_000
MOST_BYTES = 200_000_000
MOST_DEEP = 100
# Version control and editors; what the tools of a stack leave behind is in its `ignore`.
NEVER = frozenset({".git", ".idea", ".vscode", ".DS_Store"})


@dataclass(frozen=True, slots=True)
class Submission:
    """A repository that answers a kata on a stack. `stage`: the last one that it has opened (None: all);
    `assistants`: what was asked of coding assistants (None: nothing); `flags`: what was noticed when it was handed in;
    `source`: the archive or directory that somebody else handed in, of which `root` is a private copy (None: it is the
    learner's own)."""

    root: Path
    kata: Kata
    stack: Stack
    stage: Stage | None = None
    assistants: Assistants | None = None
    flags: tuple[Flag, ...] = ()
    source: Path | None = None

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks that are open to it: those of its stage and of the ones before."""
        return checks_up_to(self.kata, self.stage)


@dataclass(frozen=True, slots=True)
class Marker:
    """What a repository says of itself: its kata, its stack, and the pack of the kata (None: the built-in one)."""

    kata: str
    stack: str
    pack: Path | None = None
    stage: str | None = None
    assistants: Assistants | None = None


def render_own_starter(submission: Submission, into: Path) -> None:
    """Write the starter of the submission's kata as it is at its stage."""
    render_starter(
        submission.kata, submission.stack, into, submission.stage, assistants=submission.assistants or "tutor"
    )


def open_submission(path: Path, packs: Packs) -> Submission:
    """The submission that `path` is in. Raises UsageError where there is none, and where `packs` lack its pack."""
    root = find_root(path)
    marker = read_marker(root)
    if marker.pack is not None and marker.kata not in packs.slugs():
        raise _unknown_pack(root, marker, marker.pack)
    kata = packs.kata(marker.kata)
    stage = stage_meant(kata, marker.stage) if marker.stage is not None else None
    return Submission(root, kata, packs.stack_of(kata, marker.stack), stage, marker.assistants)


def read_marker(root: Path) -> Marker:
    """The marker of the repository at `root`. Raises PackError for one that cannot be read."""
    marker = read_yaml(root / MARKER)
    marker.only(("format", "kata", "stack", "pack", "stage", "assistants"))
    pack = Path(marker.text("pack")) if marker.has("pack") else None
    stage = marker.text("stage") if marker.has("stage") else None
    policies: dict[str, Assistants] = {policy: policy for policy in ASSISTANTS}
    assistants = policies[marker.choice("assistants", ASSISTANTS)] if marker.has("assistants") else None
    return Marker(marker.text("kata"), marker.text("stack"), pack, stage, assistants)


def _unknown_pack(root: Path, marker: Marker, pack: Path) -> UsageError:
    named = "name it with `--pack DIR`, or list it under `packs:` in the settings file"
    if not pack.is_dir():
        return UsageError(
            f"the kata `{marker.kata}` of {root} comes from the pack {pack}, which is not there",
            hint=f"if it has moved, {named}",
        )
    # Whoever hands in a repository writes its marker, and the code of a pack runs with the rights of who grades.
    return UsageError(
        f"the kata `{marker.kata}` of {root} comes from the pack {pack}, which this user has not used before",
        hint=f"a pack runs code on this machine; if you trust it, {named}",
    )


def find_root(path: Path) -> Path:
    """The folder with the marker `.kata.yaml`: `path` or the nearest one above it."""
    start = path.resolve()
    if not start.is_dir():
        raise UsageError(f"{path} is not a folder", hint="name the folder that `kata start` made")
    for folder in (start, *start.parents):
        if (folder / MARKER).is_file():
            return folder
    raise UsageError(
        f"{path} is not in a kata's repository (no {MARKER} here or above)",
        hint="go to the folder that `kata start SLUG` made, or name it: `kata test PATH`",
    )


def snapshot(root: Path, into: Path, ignore: Collection[str] = IGNORED) -> str:
    """Copy the repository's regular files into `into`; answers the copy's SHA-256 (hex).

    Links, devices, version control and the names in `ignore` stay behind. Raises UsageError when it is too large.
    """
    digest = hashlib.sha256()
    total = 0
    for count, path in enumerate(sorted(regular_files(root, ignore)), start=1):
        found = _looked_at(path)
        if found is None:
            continue
        total += found.st_size
        if count > MOST_FILES or total > MOST_BYTES:
            raise UsageError(
                f"{root} holds more than {MOST_FILES} files or {MOST_BYTES // 1_000_000} MB",
                hint=f"remove what is not part of the work; the last one looked at was {path}",
            )
        inside = path.relative_to(root)
        target = into / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(path, target, follow_symlinks=False)
        except FileNotFoundError:
            continue
        except PermissionError as error:
            raise UsageError(
                f"{path} cannot be read: {error.strerror}",
                hint=f"it is part of the work: give yourself access to it (`chmod u+r {inside}`), or remove it",
            ) from None
        target.chmod(0o755 if found.st_mode & stat.S_IXUSR else 0o644)
        if inside == Path(MARKER):
            # It names a place of the learner's machine, and no part of the work.
            continue
        digest.update(f"{inside.as_posix()}\0".encode("utf-8", "surrogateescape"))
        digest.update(hashlib.sha256(target.read_bytes()).digest())
    return digest.hexdigest()


def regular_files(folder: Path, ignore: Collection[str] = IGNORED) -> Iterator[Path]:
    """Every file of the repository that is part of the work: no links, no version control, nothing that is named as
    in `ignore` (a stack's).

    Raises UsageError for folders in folders without end.
    """
    left_out = NEVER | set(ignore)
    waiting = [(str(folder), 0)]
    while waiting:
        place, depth = waiting.pop()
        if depth > MOST_DEEP:
            raise UsageError(
                f"{folder} holds folders in folders, more than {MOST_DEEP} deep",
                hint=f"remove what is not part of the work, from {Path(place).relative_to(folder).parts[0]} on",
            )
        with _entries_of(place) as entries:
            for entry in entries:
                if entry.name in left_out:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


@contextmanager
def _entries_of(folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    # Editors and tools make and remove things while we look.
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        yield iter(())
        return
    with entries:
        yield entries


def _looked_at(path: Path) -> os.stat_result | None:
    """What a file is; None where it is missing, or no longer a regular one."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None
