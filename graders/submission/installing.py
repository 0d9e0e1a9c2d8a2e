"""Install commands in the sandbox: a clean environment, a time limit, no process left, and why one failed."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from graders.errors import SandboxError
from graders.packs.placeholders import fill
from graders.sandbox.base import Mount, OutputBuffer, Sandbox
from graders.submission.caller import passed_on
from graders.submission.installers import Installer
from graders.submission.terms import SYSTEM_PATH

INSTALL_SECONDS = 900.0
_PROBE_SECONDS = 90.0
_ROOM = 256 * 1024 * 1024
# Where an installer's configuration may be said to be; asked for, never passed on.
_CONFIGURATION = (
    "HOME",
    "npm_config_userconfig",
    "npm_config_globalconfig",
    "npm_config_prefix",
    "NPM_CONFIG_USERCONFIG",
    "NPM_CONFIG_GLOBALCONFIG",
    "NPM_CONFIG_PREFIX",
)


class Why(Enum):
    """Why an install failed, with what to do about it."""

    PROCESSES = "no more processes may be started: end other programs, or raise the limit (ulimit -u)"
    DISK = "the disk is full: free some space, or let KATA_CACHE_DIR name a place with more of it"
    NETWORK = "the package index cannot be reached: check the network, a proxy and pip's or npm's settings"
    TIME = "it took too long: check the network, then try again; what was fetched so far is kept"
    DECLARED = "read what the installer says"
    UNKNOWN = "the first install needs the network; check it, and the repository's lock file, then try again"

    @property
    def hint(self) -> str:
        return str(self.value)


@dataclass(slots=True, eq=False)
class InstallFailed(Exception):
    """An install command did not succeed: `status` as of a shell, None where it ran out of time."""

    command: str
    status: int | None
    output: str

    @property
    def how(self) -> str:
        ended = f"not done after {INSTALL_SECONDS:.0f} s" if self.status is None else f"exit {self.status}"
        return f"{ended}: `{self.command}`"


@dataclass(frozen=True, slots=True)
class InstallPlace:
    """Where an environment is installed. `folder`: the environment; `private`: removed afterwards; `downloads`: what
    was fetched, kept for the next install; `path`: folders of the programs that the stack needs."""

    folder: Path
    private: Path
    downloads: Path
    sandbox: Sandbox
    path: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)

    def with_settings(self, installer: Installer, caller: Mapping[str, str]) -> InstallPlace:
        """The place with the installer's own settings, its credentials in files that only this user reads."""
        where = {name: caller[name] for name in _CONFIGURATION if name in caller}

        def asked(command: str) -> str:
            text = fill(command, {"python": shlex.quote(sys.executable)})
            status, output = self.run(text, _PROBE_SECONDS, cwd=self.private, more=where)
            return output if status == 0 else ""

        settings = installer.settings(caller, asked)
        secrets = self.private / "settings"
        secrets.mkdir(mode=0o700)
        for name, content in settings.private.items():
            (secrets / name).touch(mode=0o600)
            (secrets / name).write_text(content)
        given = {name: fill(value, {"private": str(secrets)}) for name, value in settings.variables.items()}
        return replace(self, variables={**passed_on(caller), **given})

    def run(
        self, command: str, seconds: float, *, cwd: Path | None = None, more: Mapping[str, str] | None = None
    ) -> tuple[int | None, str]:
        """Run a shell command to its end, or to that of its time (None); everything that it started ends with it."""
        home, scratch = self.private / "home", self.private / "tmp"
        for folder in (home, scratch, self.downloads):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        env = {
            "HOME": str(home),
            "PIP_CACHE_DIR": str(self.downloads / "pip"),
            "npm_config_cache": str(self.downloads / "npm"),
            **self.variables,
            **(more or {}),
            "PATH": ":".join((*self.path, *SYSTEM_PATH)),
            "TMPDIR": str(scratch),
        }
        output = OutputBuffer()
        places = (self.folder, self.private, self.downloads)
        process = self.sandbox.start(
            command,
            cwd=cwd or self.folder,
            env=env,
            output=output,
            mounts=[Mount(path, "write") for path in places],
            network="outside",
        )
        try:
            status = process.wait(seconds)
        finally:
            process.kill()
        return status, output.text()


def run_commands(place: InstallPlace, commands: Sequence[str]) -> None:
    """Run each in the environment's folder. Raises InstallFailed for the first that does not succeed.

    One that failed for want of a connection is tried once more: indexes refuse now and then.
    """
    for command in commands:
        status, output = place.run(command, INSTALL_SECONDS)
        if status not in (0, None) and _CONNECTION.search(output):
            status, output = place.run(command, INSTALL_SECONDS)
        if status != 0:
            raise InstallFailed(command, status, output)


_CONNECTION = re.compile(
    r"Connection(?:Error| reset| refused| broken)|timed out|ETIMEDOUT|ECONNRE|ENOTFOUND|EAI_AGAIN|name resolution"
    r"|IncompleteRead|ProtocolError|\b50[234] "
)


def why_it_failed(failed: InstallFailed, place: InstallPlace, probe: str | None) -> Why:
    """What the machine says to it: room on the disk, and whether `probe` gets an answer from the index."""
    if failed.status is None:
        return Why.TIME
    if re.search(r"[Cc]annot fork|Resource temporarily unavailable|can't start new thread", failed.output):
        return Why.PROCESSES
    full = re.search(r"No space left|ENOSPC|Disk quota|EDQUOT", failed.output)
    if full and min(shutil.disk_usage(path).free for path in (place.private, place.downloads)) < _ROOM:
        return Why.DISK
    if probe is None:
        return Why.UNKNOWN
    try:
        status, _ = place.run(_probing(probe), _PROBE_SECONDS, cwd=place.private)
    except SandboxError:
        return Why.UNKNOWN
    return Why.DECLARED if status == 0 else Why.NETWORK


def _probing(probe: str) -> str:
    return fill(probe, {"python": shlex.quote(sys.executable)})
