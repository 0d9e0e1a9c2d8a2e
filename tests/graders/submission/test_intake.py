"""What people hand in: directories, archives of every tool, bundles, what learning platforms wrap around them."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from graders.submission.intake import Intake, IntakeLimits, Rejected, take_in

FILES = {
    "Procfile": "web: python app.py\n",
    "app.py": "print()\n",
    "app/db.py": "x = 1\n",
    "run.sh": "#!/bin/sh\n",
}
JUNK = (
    ".venv/lib/a.py", "node_modules/b/c.js", "__MACOSX/._app.py", "app/__pycache__/db.pyc", ".DS_Store", "app/._db.py",
)  # fmt: skip


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository with what tools leave behind in it."""
    root = tmp_path / "work"
    for name, text in (*FILES.items(), *((name, "junk") for name in JUNK)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "run.sh").chmod(0o700)
    return root


def taken(source: Path, limits: IntakeLimits | None = None) -> Intake:
    private = source.parent / f"private-{source.name}"
    private.mkdir()
    return take_in(source, private, limits or IntakeLimits())


def zipped(folder: Path, base: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(base))
    return folder.with_suffix(".zip")


def tarred(mode: str, suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        place = folder.with_name(f"work{suffix}")
        with tarfile.open(place, mode) as archive:  # type: ignore[call-overload]
            archive.add(folder, ".")
        return place

    return make


FORMS: dict[str, Callable[[Path], Path]] = {
    "directory": lambda folder: folder,
    "zip": lambda folder: zipped(folder, folder),
    "zip with a directory": lambda folder: zipped(folder, folder.parent),
    "tar": tarred("w", ".tar"),
    "tar.gz": tarred("w:gz", ".tar.gz"),
    "tar.bz2": tarred("w:bz2", ".tar.bz2"),
    "tar.xz": tarred("w:xz", ".tar.xz"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_files(work: Path, form: str) -> None:
    found = taken(FORMS[form](work))
    assert {
        path.relative_to(found.root).as_posix() for path in found.root.rglob("*") if path.is_file()
    } == set(FILES)
    assert {entry.path: entry.executable for entry in found.manifest.entries} == {
        name: name == "run.sh" for name in FILES
    }
    assert found.manifest.digest == taken_again(work).manifest.digest


def taken_again(work: Path) -> Intake:
    again = shutil.copytree(work, work.with_name("again"))
    return taken(again)


def test_what_is_left_out_is_not_counted(work: Path) -> None:
    for number in range(50):
        (work / ".venv" / f"{number}.py").write_text("x" * 1000)
    small = IntakeLimits(files=len(FILES), total_bytes=1000)
    assert len(taken(zipped(work, work), small).manifest.entries) == len(FILES)


def test_the_archive_of_a_learning_platform_is_opened_one_level_deep(work: Path, tmp_path: Path) -> None:
    inner = zipped(work, work.parent)
    outer = tmp_path / "moodle.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(inner, "Doe_Jane_12345_assignsubmission_file/kata.zip")
        archive.writestr("Doe_Jane_12345_assignsubmission_file/onlinetext.html", "<p>see the file</p>")
    assert {entry.path for entry in taken(outer).manifest.entries} == set(FILES)


def rejection(source: Path) -> str:
    with pytest.raises(Rejected) as caught:
        taken(source)
    return caught.value.code


def test_a_second_level_is_not_opened(work: Path, tmp_path: Path) -> None:
    place = zipped(work, work)
    for name in ("one.zip", "two.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.write(place, "inner.zip")
        place = tmp_path / name
    assert rejection(place) == "no-submission"


def test_several_archives_are_not_guessed_at(work: Path, tmp_path: Path) -> None:
    place = zipped(work, work)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(place, "a/x.zip")
        archive.write(place, "b/x.zip")
    assert rejection(tmp_path / "outer.zip") == "several-archives"


OTHERS = {
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "unsupported-format"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(100), "unsupported-format"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(100), "unsupported-format"),
    "text": (b"hello", "unsupported-format"),
    "nothing": (b"", "unsupported-format"),
    "half a gzip": (b"\x1f\x8b\x08\x00\x00", "malformed-archive"),
    "half a zip": (b"PK\x03\x04" + bytes(50), "malformed-archive"),
    "a bundle's name": (b"# v9 git bundle\n\n", "unreadable-repository"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    content, code = OTHERS[name]
    (tmp_path / "submission").write_bytes(content)
    assert rejection(tmp_path / "submission") == code


def test_a_missing_file_and_one_without_rights_are_named(tmp_path: Path) -> None:
    assert rejection(tmp_path / "nowhere.zip") == "unreadable"
    os.mkfifo(tmp_path / "pipe")
    assert rejection(tmp_path / "pipe") == "special-file"


def test_a_directory_without_a_procfile_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert rejection(tmp_path / "empty") == "no-submission"


def test_an_encrypted_zip_is_named(work: Path) -> None:
    place = zipped(work, work)
    raw = bytearray(place.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + offset] |= 1
            at = raw.find(mark, at + 4)
    place.write_bytes(raw)
    assert rejection(place) == "encrypted"


def test_a_zip_that_was_written_to_a_pipe_is_read(work: Path, tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name, text in FILES.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(text.encode())
    (tmp_path / "piped.zip").write_bytes(pipe.data)
    assert {entry.path for entry in taken(tmp_path / "piped.zip").manifest.entries} == set(FILES)


def git(folder: Path, *arguments: str) -> None:
    about = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a"}
    about |= {"GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(folder)}
    command = ["git", "-c", "init.defaultBranch=main", *arguments]
    subprocess.run(command, cwd=folder, env={**os.environ, **about}, check=True, capture_output=True)


@pytest.fixture
def repository(work: Path) -> Path:
    (work / ".gitignore").write_text(
        ".venv\nnode_modules\n__MACOSX\n__pycache__\n.DS_Store\n._*\n.gitignore\n"
    )
    git(work, "init")
    git(work, "add", "Procfile")
    git(work, "commit", "-m", "first")
    git(work, "add", ".")
    git(work, "commit", "-m", "second")
    (work / ".gitignore").unlink()
    return work


def test_a_git_bundle_gives_the_newest_commit(repository: Path, tmp_path: Path) -> None:
    (repository / "app.py").write_text("not committed")
    git(repository, "bundle", "create", str(tmp_path / "work.bundle"), "HEAD", "main")
    found = taken(tmp_path / "work.bundle")
    assert {entry.path for entry in found.manifest.entries} == set(FILES)
    assert (found.root / "app.py").read_text() == FILES["app.py"]
    assert found.history is not None and (found.history.commits, found.history.authors) == (2, 1)


@pytest.mark.parametrize("packed", [False, True])
def test_a_clone_is_judged_by_its_files_and_its_history_is_read(repository: Path, packed: bool) -> None:
    if packed:
        git(repository, "gc")
    found = taken(repository)
    assert {entry.path for entry in found.manifest.entries} == set(FILES)
    assert found.history is not None and found.history.commits == 2
    assert any(flag.code == "git-history" and "self-reported" in flag.reason for flag in found.flags)


def test_the_history_in_an_archive_is_read(repository: Path) -> None:
    found = taken(zipped(repository, repository.parent))
    assert found.history is not None and found.history.commits == 2
    assert not (found.root / ".git").exists()


def test_a_history_that_is_too_large_is_left_out(repository: Path) -> None:
    (repository / ".git" / "objects" / "pack" / "pack-1.pack").write_bytes(os.urandom(3000))
    found = taken(repository, IntakeLimits(total_bytes=2000))
    assert found.history is None
    assert [flag.code for flag in found.flags] == ["history-not-read"]


def test_a_bundle_of_a_part_of_the_history_is_refused(repository: Path, tmp_path: Path) -> None:
    git(repository, "bundle", "create", str(tmp_path / "part.bundle"), "HEAD~1..main")
    assert rejection(tmp_path / "part.bundle") == "unreadable-repository"
