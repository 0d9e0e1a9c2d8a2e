"""The Procfile: which commands a repository is run by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*:\s*(.*?)\s*$")
_MAX_BYTES = 64 * 1024


class ProcfileError(Exception):
    """The Procfile is missing (`line` 0) or line `line` of it cannot be read."""

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Command:
    """One entry: the shell command and its line (from 1)."""

    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Procfile:
    """`web` serves HTTP, `release` runs once before it, `worker` runs at the same time. Other names are not run."""

    web: Command
    release: Command | None = None
    worker: Command | None = None


def read_procfile(root: Path) -> Procfile:
    """The Procfile of the repository at `root`. Raises ProcfileError."""
    path = root / "Procfile"
    # A link or a pipe of that name is never opened: the repository is foreign.
    if path.is_symlink() or not path.is_file():
        raise ProcfileError("there is no file named Procfile in the root of the repository")
    with path.open("rb") as file:
        raw = file.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise ProcfileError(f"the Procfile is larger than {_MAX_BYTES // 1024} KB", line=1)
    try:
        return parse_procfile(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ProcfileError("the Procfile is not UTF-8 text", line=line) from None


def parse_procfile(text: str) -> Procfile:
    """The commands in `text`. Raises ProcfileError for a line that is not `name: command`, or without `web`."""
    commands: dict[str, Command] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        command = _command(line, number)
        if command.name in commands:
            first = commands[command.name].line
            raise ProcfileError(f"`{command.name}` is defined on line {first} already", line=number)
        commands[command.name] = command
    if "web" not in commands:
        raise ProcfileError("no line starts with `web:`", line=max(1, len(text.splitlines())))
    return Procfile(web=commands["web"], release=commands.get("release"), worker=commands.get("worker"))


def _command(line: str, number: int) -> Command:
    match = _LINE.match(line)
    if match is None:
        raise ProcfileError("a line must be `name: command`", line=number)
    name, text = match.groups()
    if not text:
        raise ProcfileError(f"`{name}:` has no command behind it", line=number)
    if "\0" in text:
        raise ProcfileError(f"the command of `{name}` holds a NUL character", line=number)
    return Command(name, text, number)
