"""Which address `kata serve` has for a repository: written down while it runs, so that others can print it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from graders.grading.address import PREFERRED_PORT, address_of
from graders.sandbox.known_process import started_at
from toolkit.files import write_whole
from toolkit.settings import Settings


@contextlib.contextmanager
def announced(root: Path, port: int, settings: Settings) -> Iterator[None]:
    """`served_url` gives this port for the repository at `root` while the block runs."""
    record = _record(root, settings)
    document = {"process": os.getpid(), "started": started_at(os.getpid()), "port": port}
    with contextlib.suppress(OSError):
        write_whole(record, json.dumps(document))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            record.unlink(missing_ok=True)


def served_url(root: Path, settings: Settings) -> str:
    """Where `kata serve` answers for the repository at `root`, or would by default."""
    port = PREFERRED_PORT
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        document = json.loads(_record(root, settings).read_text(encoding="utf-8"))
        # The record of a serve that was killed stays; its process does not.
        if document["started"] and started_at(int(document["process"])) == document["started"]:
            port = int(document["port"])
    return address_of(port)


def _record(root: Path, settings: Settings) -> Path:
    name = hashlib.sha256(str(root.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return settings.run_dir / "serving" / f"{name}.json"
