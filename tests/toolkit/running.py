"""Running `kata` as its users do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TINY = Path(__file__).parent.parent / "packs" / "tiny"


@dataclass(frozen=True)
class Kata:
    """`kata(*arguments)` runs one command to its end; `environment` is what it runs with."""

    environment: dict[str, str]
    home: Path

    def __call__(
        self, *arguments: object, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.home,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "toolkit", *map(str, arguments)]
