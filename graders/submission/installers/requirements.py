"""requirements.txt as pip reads it: logical lines, the files that it includes, and folders of the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from graders.errors import UsageError

_INCLUDE = re.compile(r"^(?:-r|-c|--requirement|--constraint)(?:\s+|\s*=\s*|(?<=-[rc]))(?P<path>\S.*)$")
_EDITABLE = re.compile(r"^(?P<flag>(?:-e|--editable)(?:\s+|\s*=\s*))(?P<path>\S.*)$")
_LOCAL = re.compile(r"^(?P<path>\.{1,2}(?:/[^\s;\[]*)?)(?P<rest>[\s;\[].*)?$")
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")
MOST_FILES = 50


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """A logical line: the file and the line (from 1) where it starts, and its text without comments."""

    file: str
    number: int
    text: str

    @property
    def name(self) -> str:
        """The normalised name of the package, "" for options, URLs and folders."""
        found = None if "://" in self.text.split("@")[0] else _NAME.match(self.text)
        return normal(found[1]) if found else ""


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_all(name: str, read: Callable[[str], bytes]) -> dict[str, bytes]:
    """The file `name` with everything that it includes, by path in the repository. Raises UsageError for an
    include that leads out of the repository."""
    found: dict[str, bytes] = {}
    waiting = [name]
    while waiting:
        path = waiting.pop(0)
        if path in found:
            continue
        if len(found) == MOST_FILES:
            raise UsageError(f"{name} includes more than {MOST_FILES} files", hint="put them into one")
        found[path] = read(path)
        for line in lines_of(path, found[path]):
            included = _INCLUDE.match(line.text)
            if included and "://" not in included["path"]:
                waiting.append(_inside(line, included["path"].strip().strip("'\"")))
    return found


def lines_of(file: str, content: bytes) -> Iterator[RequirementLine]:
    """The logical lines that say something."""
    start, text = 0, ""
    for number, raw in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        start = start or number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            text += raw[:-1] + " "
            continue
        text = re.sub(r"(^|\s+)#.*$", "", text + raw).strip()
        if text:
            yield RequirementLine(file, start, text)
        start, text = 0, ""


def local_folders(files: dict[str, bytes]) -> Iterator[tuple[RequirementLine, str, bool]]:
    """Each line that installs a folder of the repository: the line, the folder's path, whether it is editable."""
    for file, content in files.items():
        for line in lines_of(file, content):
            editable = _EDITABLE.match(line.text)
            path = _LOCAL.match(editable["path"] if editable else line.text)
            if path:
                yield (
                    line,
                    _inside(RequirementLine("", line.number, line.text), path["path"]),
                    editable is not None,
                )


def rewritten(content: bytes, source: str) -> bytes:
    """The file with each folder of the repository looked for below `source`, line by line as before."""
    made = []
    for raw in content.decode("utf-8-sig", "replace").splitlines():
        editable = _EDITABLE.match(raw.strip())
        path = _LOCAL.match(editable["path"] if editable else raw.strip())
        if path is None:
            made.append(raw)
            continue
        flag = "-e " if editable else ""
        made.append(f"{flag}./{source}/{posixpath.normpath(path['path'])}{path['rest'] or ''}")
    return ("\n".join(made) + "\n").encode()


def _inside(line: RequirementLine, path: str) -> str:
    """`path` of an include, seen from the repository's root."""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(line.file), path))
    if posixpath.isabs(joined) or joined.split("/")[0] == "..":
        raise UsageError(
            f"{line.file or 'requirements.txt'} line {line.number}: `{line.text}` leads out of the repository",
            hint="move that file into the repository, where the grader finds it too",
        )
    return joined
