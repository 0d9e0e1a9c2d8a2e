"""A new data directory, made by PostgreSQL's initdb."""

from __future__ import annotations

from pathlib import Path

from graders.backing.postgres.binaries import Binaries
from graders.backing.postgres.identity import Identity, reachable_bin
from graders.backing.postgres.nameless import copy_for_nameless, has_name
from graders.errors import DatabaseError

# The superuser's name in every cluster.
ADMIN = "postgres"


def initialise(folder: Path, data: Path, binaries: Binaries, identity: Identity, password: str) -> None:
    """Make a new data directory; `folder` holds what is needed only for that. Raises DatabaseError."""
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    identity.own(secret)
    data.mkdir(mode=0o700)
    identity.own(data)
    bin = reachable_bin(binaries.bin, identity)
    program = (bin if has_name(identity) else copy_for_nameless(bin, folder, identity.uid)) / "initdb"
    said = ""
    for locale in _locales(binaries.major):
        try:
            done = identity.run(
                [program, "-D", data, "-U", ADMIN, "--encoding=UTF8", "--wal-segsize=1", "--no-sync",
                 "--auth=scram-sha-256", f"--pwfile={secret}", *locale]
            )  # fmt: skip
        except OSError as error:
            raise DatabaseError(
                f"{program} cannot be executed: {error.strerror}",
                hint="See `kata doctor` for the PostgreSQL that was chosen and why.",
            ) from error
        if done.returncode == 0:
            secret.unlink()
            return
        said = done.stdout
    raise _initdb_failed(program, said)


def _locales(major: int) -> list[list[str]]:
    """What to ask initdb for, best first; from 17 on PostgreSQL brings its own and needs none of the machine."""
    if major >= 17:
        return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]


def _initdb_failed(program: Path, said: str) -> DatabaseError:
    lines = [line for line in said.strip().splitlines() if "error" in line.lower() or "FATAL" in line]
    hint = "See `kata doctor` for the PostgreSQL that was chosen and why."
    if "No space left" in said:
        hint = "The disk is full: free some space and run the command again."
    elif "locale" in said:
        hint = "Install the locale C.UTF-8, or let kata use its embedded PostgreSQL, which brings its own."
    return DatabaseError(
        f"{program} could not make a cluster: {' / '.join(lines[-3:]) or said[-300:]}", hint=hint
    )
