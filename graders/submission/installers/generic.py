"""An installer of which nothing in particular is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from graders.submission.installers.base import IndexSettings, Inputs


class Generic:
    """See installers.base.Installer."""

    missing_module: re.Pattern[str] | None = None

    def inputs(self, root: Path, names: Sequence[str], read: Callable[[str], bytes]) -> Inputs:  # noqa: ARG002
        return Inputs({name: read(name) for name in names})

    def settings(self, caller: Mapping[str, str], asked: Callable[[str], str]) -> IndexSettings:  # noqa: ARG002
        return IndexSettings()

    def extends(self, base: Inputs, inputs: Inputs) -> bool:  # noqa: ARG002
        return False

    def probe(self, base: Inputs) -> str | None:  # noqa: ARG002
        return None

    def verify(self, inputs: Inputs, *, strict: bool) -> str | None:  # noqa: ARG002
        return None

    def blame(self, output: str, inputs: Inputs) -> str:  # noqa: ARG002
        return "\n".join(output.strip().splitlines()[-12:])

    def variables(self, environment: Path, inputs: Inputs) -> dict[str, str]:  # noqa: ARG002
        return {}
