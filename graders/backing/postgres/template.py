"""A kata's dataset as a stopped data directory: made once, found again by digest, copied for each run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import stat
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graders.backing.postgres.binaries import Binaries
from graders.backing.postgres.copying import copy_failed, copy_tree, measure_tree
from graders.backing.postgres.dataset import (
    DATABASE,
    ROLE,
    Server,
    load_dataset,
    make_database,
    seed_of,
    tidy,
)
from graders.backing.postgres.identity import Identity, reachable_bin, server_identity
from graders.backing.postgres.initdb import ADMIN, initialise
from graders.backing.postgres.scram import new_password
from graders.backing.postgres.server import HOST, running_server
from graders.errors import DatabaseError
from graders.packs.records import Dataset, Kata
from graders.sandbox.file_lock import exclusive
from graders.sandbox.rundir import Run, reap, remove_tree, run_directory

# Raise it when what a template holds changes.
_FORMAT = 6
_READY = "ready.json"
_MAKING = "making"
_UNUSED_DAYS = 30
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Template:
    """A data directory that can be copied and started: database `kata`, superuser `postgres`, role `app`.

    `bytes`: its size; `password`: the superuser's until a cluster gives it another.
    """

    path: Path
    digest: str
    bytes: int
    password: str
    durable: bool = False


def dataset_template(
    kata: Kata,
    dataset: Dataset,
    binaries: Binaries,
    *,
    cache: Path,
    waiting: Callable[[], None] = lambda: None,
) -> Template:
    """The template of a kata's dataset, made if the cache has none; safe when several ask at once.

    `waiting` is called once if another process is making it. Raises PackError for a mistake in schema.sql or
    seed.sql, DatabaseError for anything of the machine.
    """
    digest = _digest("dataset", binaries, *seed_of(kata, dataset))
    durable = kata.environment.durable

    def fill(run: Run, data: Path, identity: Identity) -> str:
        base = empty_template(binaries, cache=cache)
        copy_tree(base.path, data, identity)
        with running_server(
            data, binaries, identity, recorded=False, graceful=True, started=run.adopt_server
        ) as port:
            load_dataset(kata, dataset, Server(HOST, port, ADMIN, base.password), ROLE, DATABASE)
        return base.password

    return _find_or_make(cache / "templates" / digest, digest, binaries, fill, durable, waiting)


def empty_template(binaries: Binaries, *, cache: Path) -> Template:
    """A template without a dataset: database `kata` and role `app`, nothing else."""
    digest = _digest("empty", binaries)

    def fill(run: Run, data: Path, identity: Identity) -> str:
        password = new_password()
        initialise(run.path, data, binaries, identity, password)
        with running_server(
            data, binaries, identity, recorded=False, graceful=True, started=run.adopt_server
        ) as port:
            make_database(Server(HOST, port, ADMIN, password))
        return password

    return _find_or_make(cache / "templates" / digest, digest, binaries, fill, False, lambda: None)


def discard(template: Template) -> None:
    """Remove a template that no server starts from: whoever asks for it next makes it again."""
    place = template.path.parent
    with exclusive(place.with_suffix(".lock")):
        remove_tree(place)


def _digest(kind: str, binaries: Binaries, *parts: bytes) -> str:
    made = hashlib.sha256(f"{_FORMAT}:{kind}:{binaries.version}:{binaries.source}".encode())
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)
    return f"{kind}-{made.hexdigest()[:32]}"


def _find_or_make(
    place: Path,
    digest: str,
    binaries: Binaries,
    fill: Callable[[Run, Path, Identity], str],
    durable: bool,
    waiting: Callable[[], None],
) -> Template:
    # A maker that was killed may have left its server running.
    reap(place.parent / _MAKING)
    template = _found(place, digest, durable)
    if template is not None:
        return template
    try:
        with exclusive(place.with_suffix(".lock"), waiting=waiting):
            template = _found(place, digest, durable)
            if template is None:
                _make(place, binaries, fill)
                _forget_unused(place.parent)
                template = _found(place, digest, durable)
    except OSError as error:
        raise copy_failed(error, place) from error
    if template is None:
        raise DatabaseError(
            f"the template {place} was made and is not whole",
            hint=f"Remove {place.parent} and run the command again.",
        )
    return template


def _found(place: Path, digest: str, durable: bool) -> Template | None:
    """The template at that place, if nothing of it has changed since it was made."""
    try:
        ready = json.loads((place / _READY).read_text())
        size, password = ready["bytes"], ready["password"]
        if ready["seal"] != _seal(place / "data", size, password):
            return None
        os.utime(place / _READY)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Template(place / "data", digest, size, password, durable)


def _seal(data: Path, size: object, password: object) -> str:
    """A digest over what is noted of a template, and over kind, mode and content of all that is in it.

    Damage is what it is for, and not malice: a checksum of the contents will do, at a tenth of the time of a digest.
    """
    seal = hashlib.sha256(json.dumps([size, password]).encode())
    for path in sorted(data.rglob("*")):
        found = path.lstat()
        facts = (str(path.relative_to(data)), found.st_mode)
        content = (found.st_size, _checksum(path)) if stat.S_ISREG(found.st_mode) else ()
        seal.update(repr((*facts, *content)).encode())
    return seal.hexdigest()


def _checksum(path: Path) -> int:
    found = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_CHUNK):
            found = zlib.crc32(data, found)
    return found


def _make(place: Path, binaries: Binaries, fill: Callable[[Run, Path, Identity], str]) -> None:
    identity = server_identity()
    for stale in place.parent.glob(f"{place.name}.*.part"):
        remove_tree(stale)
    making = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
    with run_directory(place.parent / _MAKING, mode=0o711 if identity.changes else 0o700) as run:
        data = run.path / "data"
        password = fill(run, data, identity)
        tidy(data, reachable_bin(binaries.bin, identity), identity)
        making.mkdir(mode=0o700)
        copy_tree(data, making / "data", Identity(os.geteuid(), os.getegid(), False))
    _, size = measure_tree(making / "data")
    ready = making / _READY
    ready.touch(mode=0o600)
    seal = _seal(making / "data", size, password)
    ready.write_text(json.dumps({"bytes": size, "password": password, "seal": seal}))
    if place.is_dir() and not place.is_symlink():
        remove_tree(place)
    else:
        place.unlink(missing_ok=True)
    making.rename(place)


def _forget_unused(cache: Path) -> None:
    """Drop templates of kata versions that nobody has used for a month."""
    oldest = time.time() - _UNUSED_DAYS * 86400
    for ready in cache.glob(f"*/{_READY}"):
        with contextlib.suppress(OSError):
            if ready.stat().st_mtime < oldest:
                shutil.rmtree(ready.parent)
