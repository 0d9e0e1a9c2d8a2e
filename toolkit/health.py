"""The state of this machine, question by question: everything that a judged run will need."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from graders.errors import KataError
from graders.packs.loader import open_packs
from graders.packs.records import Kata
from toolkit.settings import Settings

_ENOUGH_BYTES = 512 * 1024 * 1024
SHARED_MEMORY = Path("/dev/shm")
WSL = "Windows is supported through WSL2 only: run `wsl --install` in PowerShell, then install and use kata there."


@dataclass(frozen=True, slots=True)
class HealthItem:
    """One answer: `fine`, a `note` (some katas or some comfort are missing) or `wrong` (nothing can be judged)."""

    name: str
    state: Literal["fine", "note", "wrong"]
    found: str
    hint: str = ""


def examine(settings: Settings, postgres: str | None = None) -> Iterator[HealthItem]:
    """Every question in turn, each answered as soon as it is known."""
    from toolkit import __version__

    yield HealthItem("kata", "fine", f"{__version__} in {Path(__file__).parent.parent}")
    yield HealthItem("Python", "fine", f"{platform.python_version()} ({sys.executable})")
    yield _system()
    if os.name == "nt":
        return
    yield from _directories(settings)
    yield _shared_memory()
    yield from _postgres(settings, postgres)
    yield from _packs(settings)
    yield from _extras(settings)
    yield from _stacks(settings)


def _system() -> HealthItem:
    said = f"{platform.system()} {platform.release()} on {platform.machine()}, {os.cpu_count()} cores"
    if os.name == "nt":
        return HealthItem("System", "wrong", said, WSL)
    if os.getuid() == 0:
        said += "; as root: PostgreSQL is run as an unprivileged user"
    return HealthItem("System", "fine", said)


def _directories(settings: Settings) -> Iterator[HealthItem]:
    places = {
        "Cache": (settings.cache_dir, "KATA_CACHE_DIR"),
        "Your attempts": (settings.data_dir, "KATA_DATA_DIR"),
        "Logs": (settings.state_dir / "logs", "KATA_STATE_DIR"),
    }
    for name, (path, variable) in places.items():
        yield _directory(name, path, variable)


def _directory(name: str, path: Path, variable: str) -> HealthItem:
    try:
        path.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path).free
    except OSError as error:
        return HealthItem(name, "wrong", f"{path}: {error.strerror}", f"give access to it, or set {variable}")
    if not os.access(path, os.W_OK):
        return HealthItem(name, "wrong", f"{path} cannot be written", f"give access to it, or set {variable}")
    said = f"{path} ({_megabytes(free)} free)"
    if free < _ENOUGH_BYTES:
        return HealthItem(
            name, "note", said, f"make room ({_megabytes(_ENOUGH_BYTES)} are enough), or set {variable}"
        )
    return HealthItem(name, "fine", said)


def _shared_memory() -> HealthItem:
    if not SHARED_MEMORY.is_dir():
        return HealthItem(
            "Shared memory", "note", "none here; databases are made in the cache directory instead"
        )
    free = shutil.disk_usage(SHARED_MEMORY).free
    said = f"{SHARED_MEMORY} ({_megabytes(free)} free)"
    if free < _ENOUGH_BYTES:
        return HealthItem(
            "Shared memory", "note", f"{said}; too little, databases are made in the cache directory instead"
        )
    return HealthItem("Shared memory", "fine", f"{said}; databases of a run are made there")


def _postgres(settings: Settings, chosen: str | None) -> Iterator[HealthItem]:
    from graders.backing.postgres import find_binaries, reap, start_cluster

    try:
        binaries = find_binaries(Path(chosen) if chosen else None)
    except KataError as error:
        yield HealthItem("PostgreSQL", "wrong", error.message, error.hint)
        return
    yield HealthItem(
        "PostgreSQL", "fine", f"{binaries.version} from {binaries.source}, in {binaries.bin}: {binaries.why}"
    )
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
        reap(settings.run_dir)
        with start_cluster(None, binaries, run_dir=settings.run_dir) as cluster:
            yield HealthItem(
                "A cluster",
                "fine",
                f"starts, with auto_explain, on {cluster.host}:{cluster.port}, and stops again",
            )
    except KataError as error:
        yield HealthItem("A cluster", "wrong", error.message, error.hint)


def _packs(settings: Settings) -> Iterator[HealthItem]:
    try:
        packs = open_packs(settings.packs)
    except KataError as error:
        yield HealthItem("Packs", "wrong", error.message, error.hint)
        return
    good = 0
    for slug in packs.slugs():
        try:
            packs.kata(slug)
            good += 1
        except KataError as error:
            yield HealthItem("Packs", "note", error.message, error.hint)
    roots = ", ".join(str(root) for root in packs.roots)
    yield HealthItem(
        "Packs",
        "fine" if good else "wrong",
        f"{good} katas in {roots}",
        "" if good else "install kata-toolkit again",
    )


def _extras(settings: Settings) -> Iterator[HealthItem]:
    from graders.packs.extras import EXTRAS, install_command, lacks_of

    for name in EXTRAS:
        needed_by = ", ".join(
            kata.slug for kata in _readable_katas(settings) if name in kata.environment.extras
        )
        purpose = f"needed by {needed_by}" if needed_by else "no kata here needs it"
        lacks = lacks_of([name])
        if not lacks:
            yield HealthItem(f"Extra {name}", "fine", f"installed; {purpose}")
            continue
        found = f"{'; '.join(map(str, lacks))}; {purpose}"
        yield HealthItem(f"Extra {name}", "note", found, f"install it: {install_command([name])}")


def _readable_katas(settings: Settings) -> Iterator[Kata]:
    with contextlib.suppress(KataError):
        packs = open_packs(settings.packs)
        for slug in packs.slugs():
            with contextlib.suppress(KataError):
                yield packs.kata(slug)


def _stacks(settings: Settings) -> Iterator[HealthItem]:
    from graders.submission.programs import check_requirement

    try:
        stacks = open_packs(settings.packs).stacks()
    except KataError as error:
        yield HealthItem("Stacks", "note", error.message, error.hint)
        return
    for stack in stacks:
        versions = []
        try:
            for requirement in stack.requires:
                found = check_requirement(requirement, settings.environment)
                versions.append(f"{requirement.command} {found}")
        except KataError as error:
            yield HealthItem(stack.name, "note", error.message, error.hint)
            continue
        needs = f" ({', '.join(versions)})" if versions else ""
        yield HealthItem(stack.name, "fine", f"{stack.title}{needs}")


def _megabytes(number: int) -> str:
    return f"{number / 2**20:,.0f} MB"
