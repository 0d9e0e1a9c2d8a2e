"""Git repositories that would run something, or expand to anything, if git were let near them."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from graders.submission.intake import Intake, Rejected, take_in
from graders.submission.intake.git_history import read_history
from graders.submission.intake.limits import USUAL

pytest.importorskip("dulwich")
SETTINGS = (
    *("core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "core.gitProxy", "diff.external"),
    *("filter.x.smudge", "filter.x.clean", "diff.x.textconv", "alias.status", "credential.helper"),
)
HOOKS = ("post-checkout", "pre-commit", "fsmonitor-watchman", "reference-transaction")


def git(folder: Path, *arguments: str) -> None:
    about = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    about |= {"GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(folder)}
    command = ["git", "-c", "init.defaultBranch=main", *arguments]
    subprocess.run(command, cwd=folder, env={**os.environ, **about}, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "Procfile").write_text("web: python app.py\n")
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    return root


def taken(source: Path) -> Intake:
    private = source.parent / "private"
    private.mkdir()
    return take_in(source, private)


def test_nothing_that_the_configuration_of_a_repository_names_is_run(
    repository: Path, tmp_path: Path
) -> None:
    witness = tmp_path / "ran"
    script = f"#!/bin/sh\necho $0 >> {witness}\n"
    program = tmp_path / "repository" / "program"
    program.write_text(script)
    program.chmod(0o755)
    for name in SETTINGS:
        value = f"!{program}" if name.startswith("alias") else str(program)
        git(repository, "config", name, value)
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    (repository / ".git" / "info" / "attributes").write_text("* filter=x diff=x\n")
    for name in HOOKS:
        (repository / ".git" / "hooks" / name).write_text(script)
        (repository / ".git" / "hooks" / name).chmod(0o755)
    git(repository, "config", "core.hooksPath", str(repository / ".git" / "hooks"))
    # The trap works: git itself falls into it.
    subprocess.run(["git", "status"], cwd=repository, capture_output=True, check=False)
    assert witness.is_file()
    witness.unlink()
    found = taken(repository)
    assert not witness.exists()
    assert found.history is not None and found.history.commits == 1
    assert {path.name for path in (tmp_path / "private" / "history").iterdir()} <= {
        "HEAD",
        "objects",
        "refs",
        "packed-refs",
    }


def test_objects_of_another_repository_are_out_of_reach(repository: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    git(secret, "init")
    (secret / "f").write_text("x")
    git(secret, "add", ".")
    git(secret, "commit", "-m", "secret")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=secret, capture_output=True, check=True).stdout
    (repository / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "objects" / "info" / "alternates").write_text(f"{secret}/.git/objects\n")
    (repository / ".git" / "refs" / "heads" / "main").write_bytes(head)
    found = taken(repository)
    assert found.history is None
    assert [flag.code for flag in found.flags] == ["history-not-read"]


def test_a_git_directory_that_is_a_link_or_a_file_is_left_out(repository: Path, tmp_path: Path) -> None:
    (repository / ".git").rename(tmp_path / "elsewhere")
    (repository / ".git").symlink_to(tmp_path / "elsewhere")
    found = taken(repository)
    assert found.history is None
    (repository / ".git").unlink()
    (repository / ".git").write_text(f"gitdir: {tmp_path / 'elsewhere'}\n")
    (tmp_path / "again").mkdir()
    assert take_in(repository, tmp_path / "again").history is None


def test_repositories_within_the_repository_are_left_out_or_plain_files(repository: Path) -> None:
    bare = repository / "vendored.git"
    bare.mkdir()
    git(bare, "init", "--bare")
    (bare / "config").write_text("[core]\n\tbare = true\n\tfsmonitor = touch /tmp/ran\n")
    inner = repository / "lib" / "inner"
    inner.mkdir(parents=True)
    git(inner, "init")
    (inner / "f.py").write_text("x = 1\n")
    found = taken(repository)
    paths = {entry.path for entry in found.manifest.entries}
    assert "lib/inner/f.py" in paths and not any("/.git" in path for path in paths)
    assert not list(found.root.rglob(".git"))


class Pack:
    """A bundle whose objects are written by hand."""

    def __init__(self) -> None:
        self.objects: list[bytes] = []

    def add(self, kind: str, content: bytes) -> bytes:
        number = {"commit": 1, "tree": 2, "blob": 3}[kind]
        size, head = len(content), bytearray()
        byte = number << 4 | size & 15
        size >>= 4
        while size:
            head.append(byte | 128)
            byte, size = size & 127, size >> 7
        head.append(byte)
        self.objects.append(bytes(head) + zlib.compress(content, 9))
        return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content).digest()

    def tree(self, *entries: tuple[str, bytes, bytes]) -> bytes:
        return self.add(
            "tree", b"".join(f"{mode} ".encode() + name + b"\0" + id for mode, name, id in entries)
        )

    def bundle(self, tree: bytes) -> bytes:
        person = b"\x1b]0;x\x07 <a@b> 99999999999999 +0000"
        commit = self.add(
            "commit",
            b"tree " + tree.hex().encode() + b"\nauthor " + person + b"\ncommitter " + person + b"\n\nx\n",
        )
        pack = b"PACK" + struct.pack(">2I", 2, len(self.objects)) + b"".join(self.objects)
        head = b"# v2 git bundle\n" + commit.hex().encode() + b" HEAD\n\n"
        return head + pack + hashlib.sha1(pack).digest()


def code_of(bundle: bytes, folder: Path) -> str:
    (folder / "work.bundle").write_bytes(bundle)
    with pytest.raises(Rejected) as caught:
        taken(folder / "work.bundle")
    assert caught.value.message.isprintable()
    return caught.value.code


BLOB = b"web: x\n"
NAMES = {
    "parent": (b"..", "unsafe-path"),
    "absolute": (b"/etc", "unsafe-path"),
    "with a slash": (b"../../x", "unsafe-path"),
    "backslash": (b"..\\x", "unsafe-path"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_tree_that_names_another_place_is_refused(tmp_path: Path, name: str) -> None:
    raw, code = NAMES[name]
    pack = Pack()
    blob = pack.add("blob", BLOB)
    tree = pack.tree(("100644", raw, blob), ("100644", b"Procfile", blob))
    assert code_of(pack.bundle(tree), tmp_path) == code


def test_a_link_in_a_bundle_is_refused(tmp_path: Path) -> None:
    pack = Pack()
    tree = pack.tree(
        ("100644", b"Procfile", pack.add("blob", BLOB)), ("120000", b"link", pack.add("blob", b"/etc/passwd"))
    )
    assert code_of(pack.bundle(tree), tmp_path) == "link-not-allowed"


def test_a_bundle_with_a_git_directory_in_its_tree_has_none_afterwards(tmp_path: Path) -> None:
    pack = Pack()
    blob = pack.add("blob", BLOB)
    hidden = pack.tree(("100644", b"config", blob), ("100644", b"HEAD", blob))
    tree = pack.tree(("40000", b".git", hidden), ("100644", b"Procfile", blob))
    (tmp_path / "work.bundle").write_bytes(pack.bundle(tree))
    found = taken(tmp_path / "work.bundle")
    assert [entry.path for entry in found.manifest.entries] == ["Procfile"]
    assert not list(found.root.rglob(".git"))


def test_a_tree_that_holds_itself_many_times_is_refused(tmp_path: Path) -> None:
    pack = Pack()
    blob = pack.add("blob", BLOB)
    tree = pack.tree(*(("100644", b"%d" % n, blob) for n in range(10)))
    for _ in range(9):
        tree = pack.tree(*(("40000", b"%d" % n, tree) for n in range(10)))
    assert code_of(pack.bundle(tree), tmp_path) in ("unreadable-repository", "too-many-files")


def test_a_blob_that_expands_beyond_the_memory_limit_is_refused(tmp_path: Path) -> None:
    pack = Pack()
    tree = pack.tree(("100644", b"Procfile", pack.add("blob", bytes(300_000_000))))
    assert code_of(pack.bundle(tree), tmp_path) in ("unreadable-repository", "too-large")


def test_submodules_are_not_fetched(tmp_path: Path) -> None:
    pack = Pack()
    blob = pack.add("blob", BLOB)
    modules = pack.add("blob", b'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% /tmp/ran\n')
    tree = pack.tree(
        ("100644", b".gitmodules", modules), ("100644", b"Procfile", blob), ("160000", b"x", bytes(range(20)))
    )
    (tmp_path / "work.bundle").write_bytes(pack.bundle(tree))
    found = taken(tmp_path / "work.bundle")
    assert any(flag.code == "submodules-left-out" for flag in found.flags)


def test_a_forged_date_and_a_hostile_author_are_harmless(tmp_path: Path) -> None:
    pack = Pack()
    tree = pack.tree(("100644", b"Procfile", pack.add("blob", BLOB)))
    (tmp_path / "work.bundle").write_bytes(pack.bundle(tree))
    found = taken(tmp_path / "work.bundle")
    assert found.history is not None and found.history.commits == 1
    note = next(flag for flag in found.flags if flag.code == "git-history")
    assert note.reason.isprintable() and note.reason.startswith("self-reported")


@pytest.mark.parametrize("url", ["https://example.org/x.git", "ext::sh -c touch% /tmp/ran", "file:///etc"])
def test_a_url_is_not_cloned(tmp_path: Path, url: str) -> None:
    (tmp_path / "private").mkdir()
    with pytest.raises(Rejected) as caught:
        take_in(Path(url), tmp_path / "private")
    assert caught.value.code == "unreadable"


def test_objects_that_are_damaged_give_a_sentence(repository: Path, tmp_path: Path) -> None:
    for path in (repository / ".git" / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(os.urandom(50))
    with pytest.raises(Rejected) as caught:
        read_history(repository / ".git", tmp_path, USUAL)
    assert caught.value.code == "unreadable-repository" and caught.value.message.isprintable()
