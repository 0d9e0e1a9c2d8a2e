"""Edits that turn one repository into another: replace whole lines, create a file, delete a file.

A known solution that differs from another one by a few lines is written as such edits. They are exact: a text that is
not found, or is found more often than stated, is an error that shows the nearest text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from graders.errors import PackError
from graders.packs.yaml_source import Section

# Below this similarity (0 to 1) the nearest text does not help, and is not shown.
_SIMILAR = 0.5


@dataclass(frozen=True, slots=True)
class Replace:
    """Whole lines of `file`, found exactly `times` times, and the lines that take their place.

    Both texts are dedented. They match at any indentation, and are written back at the indentation of the place.
    `line`: where the edit begins in its YAML file, from 1.
    """

    file: str
    old: str
    new: str
    line: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class Create:
    """A file that does not exist yet, and its whole content."""

    file: str
    content: str
    line: int


@dataclass(frozen=True, slots=True)
class Delete:
    """A file that exists."""

    file: str
    line: int


Edit = Replace | Create | Delete


def read_edits(top: Section) -> tuple[Edit, ...]:
    """The `edits:` of a YAML file. Raises PackError with the place of what is not an edit."""
    return tuple(_read_edit(section) for section in top.sections("edits", required=True))


def _read_edit(section: Section) -> Edit:
    kinds = [kind for kind in ("file", "create", "delete") if section.has(kind)]
    if len(kinds) != 1:
        section.fail(
            None,
            "an edit has exactly one of the keys `file`, `create` and `delete`",
            "write `file:` with `replace:` and `with:`, or `create:` with `with:`, or `delete:`",
        )
    kind = kinds[0]
    file = _inside(section, kind)
    if kind == "delete":
        section.only(("delete",))
        return Delete(file, section.line)
    if kind == "create":
        section.only(("create", "with"))
        return Create(file, section.text_or_nothing("with"), section.line)
    section.only(("file", "replace", "with", "times"))
    old = section.text("replace")
    new = section.text_or_nothing("with")
    return Replace(file, old, new, section.line, section.integer("times", 1, least=1, most=1000))


def _inside(section: Section, key: str) -> str:
    """A path below the repository. PackError for an absolute one and for one that leads out of it."""
    name = section.text(key)
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path == PurePosixPath("."):
        section.fail(key, f"`{name}` is not a path inside the repository", "write it like `app/main.py`")
    return path.as_posix()


def apply_edits(edits: Sequence[Edit], root: Path, source: Path) -> None:
    """Make the edits in the repository at `root`, in order. `source`: the YAML file, for errors.

    Line ends, the end of the file and its mode stay as they are. Raises PackError for an edit that does not apply.
    """
    for edit in edits:
        target = root / edit.file
        match edit:
            case Create():
                _create(edit, target, source)
            case Delete():
                if not target.is_file():
                    raise _misfit(edit, source, f"there is no file {edit.file} to delete", "remove this edit")
                target.unlink()
            case Replace():
                _replace(edit, target, source)


def _create(edit: Create, target: Path, source: Path) -> None:
    if target.exists():
        raise _misfit(edit, source, f"{edit.file} exists already", "use `file:` with `replace:` and `with:`")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(edit.content.encode())


def _replace(edit: Replace, target: Path, source: Path) -> None:
    if not target.is_file():
        raise _misfit(
            edit, source, f"there is no file {edit.file}", "check the path, and the `over:` solution"
        )
    try:
        text = target.read_bytes().decode()
    except UnicodeDecodeError:
        raise _misfit(edit, source, f"{edit.file} is not UTF-8", "lay a whole file over it instead") from None
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    found = occurrences(lines, edit.old)
    if len(found) != edit.times:
        raise _misfit(edit, source, *_explained(edit, lines, found))
    for place in reversed(found):
        lines[place.start : place.stop] = _indented(edit.new, place.indent)
    # Written in place: the mode of the file stays.
    target.write_bytes(end.join(lines).encode())


@dataclass(frozen=True, slots=True)
class MatchedLines:
    """Lines `start` (from 0) up to `stop` (not included), and the indentation at which a text matched there."""

    start: int
    stop: int
    indent: str


def occurrences(lines: Sequence[str], text: str) -> list[MatchedLines]:
    """Where the dedented `text` is found in `lines`, at any indentation; places do not overlap."""
    wanted = dedented(text)
    found: list[MatchedLines] = []
    start = 0
    while wanted and start <= len(lines) - len(wanted):
        indent = _indent_of_match(lines[start : start + len(wanted)], wanted)
        if indent is None:
            start += 1
        else:
            found.append(MatchedLines(start, start + len(wanted), indent))
            start += len(wanted)
    return found


def dedented(text: str) -> list[str]:
    """The lines of `text` less the white space that all of them begin with; blank lines are empty."""
    lines = text.removesuffix("\n").split("\n") if text else []
    shared = _common_indent(line for line in lines if line.strip())
    return [line[len(shared) :] if line.strip() else "" for line in lines]


def _common_indent(lines: Iterable[str]) -> str:
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines]
    shared = min(indents, key=len, default="")
    while not all(indent.startswith(shared) for indent in indents):
        shared = shared[:-1]
    return shared


def _indent_of_match(lines: Sequence[str], wanted: Sequence[str]) -> str | None:
    indent: str | None = None
    for line, want in zip(lines, wanted, strict=True):
        if not want:
            if line.strip():
                return None
            continue
        before = line[: len(line) - len(want)]
        if not line.endswith(want) or before.strip() or (indent is not None and before != indent):
            return None
        indent = before
    return indent


def _indented(text: str, indent: str) -> list[str]:
    return [indent + line if line else "" for line in dedented(text)]


def _explained(edit: Replace, lines: Sequence[str], found: Sequence[MatchedLines]) -> tuple[str, str]:
    """Why the edit does not apply, and what to do about it."""
    if found:
        places = ", ".join(str(place.start + 1) for place in found)
        message = (
            f"the lines of `replace` are in {edit.file} {len(found)} times (lines {places}), not {edit.times}"
        )
        return (
            message,
            "add a line before or after them that makes them unique, or say how often with `times:`",
        )
    message = f"the lines of `replace` are not in {edit.file}"
    nearest = _nearest(lines, dedented(edit.old))
    if nearest is None:
        return (
            message,
            "nothing there is similar; render the solution below with `kata author solution … --into DIR`",
        )
    start, difference = nearest
    return (
        f"{message}; nearest, at line {start + 1}:\n{difference}",
        "copy the lines from the file as it is now",
    )


def _nearest(lines: Sequence[str], wanted: Sequence[str]) -> tuple[int, str] | None:
    """The most similar lines: where they begin, and how they differ from what was wanted."""
    best, ratio = 0, 0.0
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2("\n".join(line.strip() for line in wanted))
    for start in range(max(1, len(lines) - len(wanted) + 1)):
        window = lines[start : start + len(wanted)]
        matcher.set_seq1("\n".join(line.strip() for line in window))
        if matcher.real_quick_ratio() > ratio and matcher.quick_ratio() > ratio and matcher.ratio() > ratio:
            best, ratio = start, matcher.ratio()
    if ratio < _SIMILAR:
        return None
    there = dedented("\n".join(lines[best : best + len(wanted)]))
    difference = difflib.ndiff(list(wanted), there)
    return best, "\n".join(f"    {line.rstrip()}" for line in difference if not line.startswith("?"))


def _misfit(edit: Edit, source: Path, message: str, hint: str) -> PackError:
    return PackError(message, path=source, line=edit.line, hint=hint)
