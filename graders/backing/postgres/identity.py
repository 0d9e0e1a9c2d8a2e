"""Who runs the server: the caller, or an unprivileged user where the caller is root (PostgreSQL refuses root)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.errors import DatabaseError
from graders.sandbox.file_lock import exclusive
from graders.sandbox.reaper import end_with_us

# Nothing of the caller's environment may change how PostgreSQL behaves.
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin", "HOME": "/", "PGCLIENTENCODING": "UTF8"}
MIRRORS = (Path("/var/cache/kata-toolkit"), Path("/var/lib/kata-toolkit"), Path("/opt/kata-toolkit"))
_UNUSED = {"include", "doc", "pgxs", "pkgconfig", "man", "locale"}


@dataclass(frozen=True, slots=True)
class Identity:
    """The user and group that the server's processes and files belong to; `changes` where they are not the caller's."""

    uid: int
    gid: int
    changes: bool

    def popen(self, command: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
        """Start a program as this identity, in a session of its own, with nothing of the caller's environment."""
        return subprocess.Popen(
            [str(part) for part in command], cwd="/", env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            start_new_session=True, **self._drop(), **options,
        )  # fmt: skip

    def run(self, command: Sequence[str | Path], timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; standard error is part of the output. Raises DatabaseError if it does not end."""
        with self.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            end_with_us(process.pid)
            try:
                said, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                raise DatabaseError(
                    f"{command[0]} had not ended after {timeout:.0f} s",
                    hint="Is this machine overloaded, or its disk very slow? Run the command again.",
                ) from None
            finally:
                # Its children too, which would hold the pipe open.
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
        return subprocess.CompletedProcess(process.args, process.returncode, said.decode(errors="replace"))

    def own(self, path: Path) -> None:
        if self.changes:
            os.chown(path, self.uid, self.gid)

    def _drop(self) -> Mapping[str, Any]:
        if not self.changes:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_identity(user: str = "nobody") -> Identity:
    """The caller, or `user` where the caller is root."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), False)
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise DatabaseError(
            f"PostgreSQL does not run as root, and there is no user {user!r} to run it as",
            hint=f"Create the user {user!r}, or run kata as a user that is not root.",
        ) from error
    return Identity(entry.pw_uid, entry.pw_gid, True)


def reachable_bin(bin: Path, identity: Identity) -> Path:
    """`bin`, or the bin directory of a root-owned copy where `identity` cannot reach the original."""
    if not identity.changes or _open_to_others(bin / "postgres"):
        return bin
    return _mirror(bin.resolve())


def _open_to_others(program: Path) -> bool:
    resolved = program.resolve()
    folders = all(part.stat().st_mode & 0o001 for part in resolved.parents)
    library = next(iter(resolved.parent.parent.glob("lib/**/plpgsql.*")), resolved)
    return folders and resolved.stat().st_mode & 0o005 == 0o005 and bool(library.stat().st_mode & 0o004)


def _mirror(bin: Path) -> Path:
    program = (bin / "postgres").stat()
    digest = hashlib.sha256(f"{bin}:{program.st_size}:{program.st_mtime_ns}".encode()).hexdigest()[:16]
    refused: list[str] = []
    for place in MIRRORS:
        try:
            return _mirror_in(place, bin, digest)
        except OSError as error:
            refused.append(f"{place}: {error.strerror or error}")
    raise DatabaseError(
        f"the user that runs PostgreSQL cannot reach {bin}, and it could not be copied ({'; '.join(refused)})",
        hint="Run kata as a user that is not root, or install PostgreSQL where every user can reach it.",
    )


def _mirror_in(place: Path, bin: Path, digest: str) -> Path:
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    for part in (place, *place.parents):
        found = part.lstat()
        if found.st_uid != 0 or found.st_mode & 0o022:
            raise PermissionError(f"{part} could be changed by somebody who is not root")
    home = place / f"postgres-{digest}"
    made = home / bin.parent.parent.name / bin.parent.name / bin.name
    if made.is_dir():
        return made
    with exclusive(place / "lock"):
        if not made.is_dir():
            _copy_installation(bin, home)
    return made


def _copy_installation(bin: Path, home: Path) -> None:
    root = bin.parent
    package = root.parent
    making = home.with_name(f"{home.name}.{secrets.token_hex(4)}")
    try:
        shutil.copytree(root, making / package.name / root.name, ignore=_leave_out)
        # Wheels keep the libraries of their programs next to the package, found by a relative path.
        for libraries in package.parent.glob(f"{package.name}.libs"):
            shutil.copytree(libraries, making / libraries.name)
        for path in (making, *making.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        making.rename(home)
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(making)


def _leave_out(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name in _UNUSED or name.endswith(".a")]
