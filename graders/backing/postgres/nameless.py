"""initdb for a user without a name: a uid that /etc/passwd does not list, as containers often run under.

initdb, and the single-user server that it starts, look up the name of their user and refuse to run without one, though
they do not need it: the superuser's name is given. In a private copy of the two programs the call of `getpwuid` is
bound to `getpwent`, which ignores its argument and returns the first entry of /etc/passwd. A server that serves
clients never asks for a name, so that clusters are run by the original.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from graders.backing.postgres.identity import Identity
from graders.errors import DatabaseError

# Names of imported functions in the programs' string tables; both are of one length.
_ASKED, _ASKED_INSTEAD = b"\0getpwuid\0", b"\0getpwent\0"


def has_name(identity: Identity) -> bool:
    """Whether the system knows a name for the user that runs PostgreSQL."""
    try:
        pwd.getpwuid(identity.uid)
    except KeyError:
        return False
    return True


def copy_for_nameless(bin: Path, folder: Path, uid: int) -> Path:
    """The bin directory of a copy in `folder` (which it may not outlive) whose initdb needs no user name.

    Raises DatabaseError where the programs cannot be changed in this way.
    """
    root = bin.resolve().parent
    package = root.parent
    copy = folder / "nameless" / package.name / root.name
    (copy / bin.name).mkdir(parents=True)
    for name in ("initdb", "postgres"):
        _write_changed(root / bin.name / name, copy / bin.name / name, uid)
    # Programs find their data and libraries relative to themselves, wheels some of them next to the package.
    for entry in root.iterdir():
        if entry.name != bin.name:
            (copy / entry.name).symlink_to(entry)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        (folder / "nameless" / libraries.name).symlink_to(libraries)
    return copy / bin.name


def _write_changed(program: Path, copy: Path, uid: int) -> None:
    code = program.read_bytes()
    if code.count(_ASKED) != 1:
        raise DatabaseError(
            f"{program} needs a name for the user {uid}, whom /etc/passwd does not list",
            hint=f"Add an entry (`kata:x:{uid}:{os.getegid()}::/tmp:/bin/sh`), or run kata as a user that has one.",
        )
    copy.write_bytes(code.replace(_ASKED, _ASKED_INSTEAD))
    copy.chmod(0o700)
