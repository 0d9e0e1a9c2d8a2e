"""A file of the submission that its own user cannot read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.errors import UsageError
from graders.submission.folder import snapshot

SOMEBODY = 54321


@pytest.fixture
def as_somebody() -> Iterator[Path]:
    """A folder of a user who is not root, and this process as that user."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        if os.geteuid() != 0:
            yield Path(folder)
            return
        os.chown(folder, SOMEBODY, SOMEBODY)
        os.seteuid(SOMEBODY)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


def test_it_is_named_with_the_next_step(as_somebody: Path) -> None:
    work, copy = as_somebody / "work", as_somebody / "copy"
    (work / "app").mkdir(parents=True)
    copy.mkdir()
    secret = work / "app" / "secret.py"
    secret.write_text("")
    secret.chmod(0)
    with pytest.raises(UsageError, match=str(secret)) as raised:
        snapshot(work, copy)
    assert raised.value.exit_code == 2
    assert "chmod u+r app/secret.py" in raised.value.hint
