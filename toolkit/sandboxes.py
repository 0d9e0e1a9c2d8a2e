"""The sandboxes of this machine: the one for a run, by `--sandbox` and `--untrusted`, and what all of them keep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graders.errors import UsageError
from graders.sandbox.choice import BACKENDS, Choice, choose
from graders.sandbox.promises import Promise
from toolkit.settings import Settings

_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_UBUNTU = (
    "this kernel lets only programs with an AppArmor profile make user namespaces (Ubuntu 24.04): install the"
    " system's bubblewrap and the package apparmor-profiles, not the one of kata-toolkit[sandbox]"
)


@dataclass(frozen=True, slots=True)
class SandboxState:
    """What was found of one sandbox: its promises, or why it cannot be used (`problem`, with the `fix`)."""

    name: str
    tier: str
    promises: tuple[Promise, ...] = ()
    problem: str = ""
    fix: str = ""

    @property
    def confines(self) -> bool:
        """True where untrusted code may run in it."""
        return bool(self.promises) and all(one.state == "verified" for one in self.promises)


def sandbox_for(settings: Settings, name: str | None, *, untrusted: bool = False) -> Choice:
    """See graders.sandbox.choice.choose. No box shows the packs, the user's attempts or the toolkit's logs."""
    return choose(name, untrusted=untrusted, hidden=(*settings.packs, settings.data_dir, settings.state_dir))


def examine_sandboxes(settings: Settings) -> list[SandboxState]:
    """Every sandbox, its promises probed now."""
    return [_state(settings, name) for name in BACKENDS]


def _state(settings: Settings, name: str) -> SandboxState:
    try:
        found = sandbox_for(settings, name)
    except UsageError as error:
        restricted = _APPARMOR.is_file() and _APPARMOR.read_text().strip() == "1"
        return SandboxState(name, "", problem=error.message, fix=_UBUNTU if restricted else error.hint)
    return SandboxState(name, found.tier, found.confinement.promises)
