"""Programs that a stack needs on the machine, such as node: found on PATH, asked for their version, compared."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from graders.errors import UsageError
from graders.packs.records import Requirement

_SECONDS = 60.0


def check_requirement(requirement: Requirement, variables: Mapping[str, str]) -> str:
    """The version found of a program that the stack needs. Raises UsageError when it is missing or too old."""
    found = find_program(requirement, variables)
    printed = _printed_version(found, requirement, variables)
    match = re.search(r"\d+(\.\d+)*", printed)
    command = f"{found} {requirement.version}"
    if match is None:
        last = printed.strip().splitlines()[-1:] or ["nothing"]
        raise UsageError(f"`{command}` prints no version: {last[0]}", hint=requirement.hint)
    version = match.group()
    if _numbers(version) < _numbers(requirement.minimum):
        raise UsageError(
            f"`{found}` is {version}; this stack needs {requirement.minimum} or later", hint=requirement.hint
        )
    return version


def find_program(requirement: Requirement, variables: Mapping[str, str]) -> str:
    """The program's absolute path on the caller's PATH. Raises UsageError when it is missing."""
    found = shutil.which(requirement.command, path=variables.get("PATH", ""))
    if found is None:
        raise UsageError(
            f"`{requirement.command}` is not on PATH; this stack needs {requirement.minimum} or later",
            hint=requirement.hint,
        )
    return str(Path(found).absolute())


def _printed_version(program: str, requirement: Requirement, variables: Mapping[str, str]) -> str:
    # Its own folder comes first: a script such as npm finds the interpreter that is installed with it.
    path = f"{Path(program).parent}:{variables.get('PATH', '')}"
    try:
        done = subprocess.run(
            [program, *requirement.version.split()],
            env={**variables, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS,
        )
    except OSError as error:
        return str(error.strerror)
    except subprocess.TimeoutExpired:
        return f"no answer within {_SECONDS:.0f} s"
    return done.stdout + done.stderr


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
