"""Which runtime a service really runs on: read from the process that listens, not from the name of its stack."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from graders.errors import SandboxError
from graders.escape import sanitize
from graders.results.grade import RunningProgram
from graders.sandbox.base import OutputBuffer, Sandbox
from graders.sandbox.program import Program

_SECONDS = 10.0
_COMMAND_COLUMNS = 200
# Programs that run others' code and say their version when asked: the start of a program's name -> its own name.
_RUNTIMES = {
    "python": "Python",
    "pypy": "PyPy",
    "node": "Node.js",
    "deno": "Deno",
    "bun": "Bun",
    "ruby": "Ruby",
    "java": "Java",
    "php": "PHP",
    "perl": "Perl",
    "dotnet": ".NET",
}


def running_program(
    program: Program,
    *,
    own: Sequence[Path],
    sandbox: Sandbox,
    private: Path,
    cache: Path,
    shown: Callable[[str], str],
) -> RunningProgram:
    """What reports say of the program. A runtime is asked for its version, once for each file, in the sandbox.

    `own`: folders of the submission, of which nothing is asked: a service that calls itself a runtime would start
    again. `private`: a folder for the question; `shown` writes paths for the service's author.
    """
    executable = Path(program.executable)
    name = _runtime_in(executable.name)
    foreign = not any(executable.is_relative_to(folder.resolve()) for folder in own)
    version = _version(executable, sandbox, private, cache) if name and foreign else ""
    command = sanitize(shown(shlex.join(program.arguments)), limit=_COMMAND_COLUMNS, one_line=True)
    place = sanitize(shown(program.executable), limit=_COMMAND_COLUMNS, one_line=True)
    return RunningProgram(command, place, f"{name} {version}".strip() if foreign else "")


def _runtime_in(name: str) -> str:
    found = re.match(r"[a-z]+", name)
    return _RUNTIMES.get(found[0], "") if found else ""


def _version(executable: Path, sandbox: Sandbox, private: Path, cache: Path) -> str:
    with suppress(OSError):
        found = executable.stat()
        facts = f"{executable}\0{found.st_size}\0{found.st_mtime_ns}"
        kept = cache / "runtimes" / f"{sha256(facts.encode(errors='replace')).hexdigest()[:16]}.json"
        with suppress(OSError, ValueError):
            if isinstance(version := json.loads(kept.read_text()), str):
                return version
        version = _asked(executable, sandbox, private)
        with suppress(OSError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(version))
        return version
    return ""


def _asked(executable: Path, sandbox: Sandbox, private: Path) -> str:
    output = OutputBuffer()
    try:
        process = sandbox.start(
            f"exec {shlex.quote(str(executable))} --version",
            cwd=private,
            env={"LANG": "C.UTF-8", "HOME": str(private), "PATH": "/usr/bin:/bin"},
            output=output,
            network="none",
        )
    except SandboxError:
        return ""
    try:
        process.wait(_SECONDS)
    finally:
        process.kill()
    match = re.search(r"\d+(?:\.\d+)+", output.text())
    return match.group() if match else ""
