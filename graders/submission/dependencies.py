"""What a stack's code needs to run: its dependencies, built once from the repository's own lock file."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from graders.errors import SandboxError, UsageError
from graders.packs.placeholders import fill
from graders.packs.records import Requirement, Stack
from graders.sandbox.file_lock import exclusive

_READY = ".kata-ready"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A ready environment: `path` goes before PATH, `links` are made in the repository, `variables` are set.

    `path` ends with the folders of the programs that the stack needs: they may stand outside the system's own.
    """

    folder: Path
    path: tuple[str, ...]
    links: Mapping[str, str]
    variables: Mapping[str, str]


def prepare_environment(
    stack: Stack,
    root: Path,
    *,
    cache: Path,
    variables: Mapping[str, str],
    progress: Callable[[str], None] = lambda _: None,
) -> Toolchain:
    """The dependencies of the repository `root`, installed into `cache` unless they are there already.

    `variables` is the environment of the install commands (proxies, package indexes, certificates). `progress` is
    told what takes time. Raises UsageError for what the learner can mend and SandboxError for a failed install.
    """
    versions = tuple(check_requirement(requirement, variables) for requirement in stack.requires)
    folder = cache / "environments" / f"{stack.name}-{_key(stack, root, versions)}"
    toolchain = _toolchain(stack, folder, variables)
    if (folder / _READY).is_file():
        return toolchain
    with exclusive(folder.with_suffix(".lock"), waiting=lambda: progress("waiting for another install")):
        if not (folder / _READY).is_file():
            progress(f"installing the dependencies of {stack.name} (once)")
            _install(stack, root, folder, variables)
    return toolchain


def check_requirement(requirement: Requirement, variables: Mapping[str, str]) -> str:
    """The version found of a program that the stack needs. Raises UsageError when it is missing or too old."""
    found = _found(requirement, variables)
    printed = _printed_version(found, variables)
    match = re.search(r"\d+(\.\d+)*", printed)
    if match is None:
        last = printed.strip().splitlines()[-1:] or ["nothing"]
        raise UsageError(f"`{found} --version` does not tell a version: {last[0]}", hint=requirement.hint)
    version = match.group()
    if _numbers(version) < _numbers(requirement.minimum):
        raise UsageError(
            f"`{found}` is {version}; this stack needs {requirement.minimum} or later", hint=requirement.hint
        )
    return version


def _found(requirement: Requirement, variables: Mapping[str, str]) -> str:
    found = shutil.which(requirement.command, path=variables.get("PATH", ""))
    if found is None:
        raise UsageError(
            f"`{requirement.command}` is not on PATH; this stack needs {requirement.minimum} or later",
            hint=requirement.hint,
        )
    return str(Path(found).absolute())


def _printed_version(program: str, variables: Mapping[str, str]) -> str:
    # Its own folder comes first: a script such as npm finds the interpreter that stands beside it.
    path = f"{Path(program).parent}:{variables.get('PATH', '')}"
    try:
        done = subprocess.run(
            [program, "--version"],
            env={**variables, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        return str(error.strerror)
    return done.stdout + done.stderr


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _key(stack: Stack, root: Path, versions: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    digest.update(f"{sys.executable}\0{sys.version}\0{versions}\0{stack.install}\0{stack.links}".encode())
    for name in stack.inputs:
        path = root / name
        if not path.is_file():
            raise UsageError(
                f"{path} is missing",
                hint=f"the stack {stack.name} installs from it; restore it (`kata reset`)",
            )
        digest.update(f"{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _toolchain(stack: Stack, folder: Path, variables: Mapping[str, str]) -> Toolchain:
    programs = [str(Path(_found(requirement, variables)).parent) for requirement in stack.requires]
    return Toolchain(
        folder=folder,
        path=tuple(dict.fromkeys([*(_filled(entry, folder) for entry in stack.path), *programs])),
        links={name: _filled(place, folder) for name, place in stack.links.items()},
        variables=stack.variables,
    )


def _filled(text: str, folder: Path, *, quoted: bool = False) -> str:
    quote = shlex.quote if quoted else str
    return fill(text, {"environment": quote(str(folder)), "python": quote(sys.executable)})


def _install(stack: Stack, root: Path, folder: Path, variables: Mapping[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in stack.inputs:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, target)
    for command in stack.install:
        _run_install(stack, _filled(_with_pip(command), folder, quoted=True), folder, variables)
    (folder / _READY).touch()


def _hint_of(said: str) -> str:
    if "No space left" in said or "ENOSPC" in said:
        return "the disk is full: free some space, or let KATA_CACHE_DIR name a place with more of it"
    return "the first install needs the network; check it, and the repository's lock file, then try again"


def _with_pip(command: str) -> str:
    # A kata installed by a tool such as pipx or uv may stand in an environment without pip: then the new one
    # brings its own.
    if "-m pip --python" in command and importlib.util.find_spec("pip") is None:
        own = "{environment}/bin/python"
        rest = command.split("install", 1)[1]
        return f"{own} -m ensurepip --default-pip && {own} -m pip install {rest}"
    return command


def _run_install(stack: Stack, command: str, folder: Path, variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise SandboxError(
            f"the dependencies of {stack.name} could not be installed (exit {done.returncode} of `{command}`):\n{tail}",
            hint=_hint_of(done.stdout),
        )
