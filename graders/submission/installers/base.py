"""What an installer has to say: the inputs of an install, the settings it may see, and whose fault a failure is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from graders.errors import UsageError

LARGEST_INPUT = 5_000_000


@dataclass(frozen=True, slots=True)
class Inputs:
    """What decides an environment. `files`: by their name in the repository, as the installer will read them;
    `local`: folders of the repository that are installed themselves; `editable`: those of which the code
    stays where it is; `also`: more that makes another environment."""

    files: Mapping[str, bytes]
    local: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    also: bytes = b""


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How an installer reaches its index. `variables`: for its environment; `private`: files that hold credentials,
    by name, to be written where only this user reads them ({private} in a variable is their folder)."""

    variables: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


class Installer(Protocol):
    """Everything that is particular to pip, npm or another installer. Its commands hold the placeholders of a stack."""

    @property
    def missing_module(self) -> re.Pattern[str] | None:
        """Finds, in a service's output, the name of a module that is not installed."""
        ...

    def inputs(self, root: Path, names: Sequence[str], read: Callable[[str], bytes]) -> Inputs:
        """The files `names` of the repository at `root` with what they include. Raises UsageError."""
        ...

    def settings(self, caller: Mapping[str, str], asked: Callable[[str], str]) -> IndexSettings:
        """The caller's own settings that count, by name. `asked` runs a shell command for its output."""
        ...

    def extends(self, base: Inputs, inputs: Inputs) -> bool:
        """True where a copy of `base`'s environment becomes that of `inputs` by installing what is new."""
        ...

    def probe(self, base: Inputs) -> str | None:
        """A shell command that succeeds where packages can be fetched; None where that cannot be found out.

        `base`: what the starter declares, which is known to exist.
        """
        ...

    def verify(self, inputs: Inputs, *, strict: bool) -> str | None:
        """A shell command that fails, with its reasons, where the environment lacks what was declared; with `strict`
        also where that cannot be imported."""
        ...

    def blame(self, output: str, inputs: Inputs) -> str:
        """Where the declared dependency is named that a failed install was about, and the installer's own words."""
        ...

    def variables(self, environment: Path, inputs: Inputs) -> dict[str, str]:
        """More variables that the service needs to find what was installed; they may hold placeholders."""
        ...


def read_input(root: Path, name: str) -> bytes:
    """A file of the repository. Raises UsageError where it is missing, no regular file, or cannot be read."""
    path = root / name
    try:
        if path.is_symlink() or not path.is_file():
            raise UsageError(
                f"{path} is missing",
                hint="the stack installs its dependencies from it; restore it (`kata reset`)",
            )
        with path.open("rb") as file:
            content = file.read(LARGEST_INPUT + 1)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", hint="give yourself access to it"
        ) from None
    if len(content) > LARGEST_INPUT:
        raise UsageError(
            f"{path} is larger than 5 MB", hint="list the packages that the service needs, no more"
        )
    return content
