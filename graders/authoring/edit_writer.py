"""From two repositories to the edits between them: the shortest that apply exactly, written as a solution's YAML."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.errors import UsageError
from graders.packs.edits import Create, Delete, Edit, Replace, apply_edits, dedented, occurrences

# Two changes with fewer unchanged lines between them are one edit: each further edit repeats its context.
_CLOSE = 3
# How many unchanged lines an edit may take in to be found exactly once.
_MOST_CONTEXT = 12


def edits_between(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[Edit, ...]:
    """Edits that turn the files `before` into `after` (path in the repository -> content), byte for byte.

    Raises UsageError for a changed file that is not UTF-8 text: such a solution stays a folder.
    """
    edits: list[Edit] = []
    for name in sorted({*before, *after}):
        if name not in after:
            edits.append(Delete(name, 0))
        elif name not in before:
            edits.append(Create(name, _text(name, after[name]), 0))
        elif before[name] != after[name]:
            edits += _changes(name, _text(name, before[name]), _text(name, after[name]))
    return tuple(edits)


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise UsageError(
            f"{name} is not UTF-8 text, so its change cannot be written as edits",
            hint="keep this solution as a folder: solutions/<name>/ with solution.yaml and the file",
        ) from None


def _changes(name: str, before: str, after: str) -> list[Edit]:
    whole: list[Edit] = [Delete(name, 0), Create(name, after, 0)]
    replacements = _replacements(name, before, after)
    if replacements is None or _size(replacements) >= _size(whole):
        return whole
    return list(replacements)


def _size(edits: Sequence[Edit]) -> int:
    return len(_yaml_of(edits).splitlines())


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Lines `start` to `stop` of the old file, and the lines there in the new one."""

    start: int
    stop: int
    new: tuple[str, ...]


def _replacements(name: str, before: str, after: str) -> list[Replace] | None:
    """The edits of one file; None where a change cannot be written as whole lines found exactly once."""
    if "\r" in before or "\r" in after:
        return None
    current = before.split("\n")
    edits: list[Replace] = []
    shift = 0
    for hunk in _hunks(current, after.split("\n")):
        start, stop = hunk.start + shift, hunk.stop + shift
        edit = _smallest(name, current, start, stop, hunk.new)
        if edit is None:
            return None
        edits.append(edit)
        current = [*current[:start], *hunk.new, *current[stop:]]
        shift += len(hunk.new) - (hunk.stop - hunk.start)
    return edits


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[_Hunk]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    pending: tuple[int, int, int, int] | None = None
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        if pending is not None and i1 - pending[1] < _CLOSE:
            pending = (pending[0], i2, pending[2], j2)
            continue
        if pending is not None:
            yield _Hunk(pending[0], pending[1], tuple(new[pending[2] : pending[3]]))
        pending = (i1, i2, j1, j2)
    if pending is not None:
        yield _Hunk(pending[0], pending[1], tuple(new[pending[2] : pending[3]]))


def _smallest(name: str, lines: list[str], start: int, stop: int, new: Sequence[str]) -> Replace | None:
    """The edit with the least context that is found once and gives exactly the wanted lines."""
    wanted = [*lines[:start], *new, *lines[stop:]]
    for context in range(_MOST_CONTEXT + 1):
        for above in range(context + 1):
            first, last = start - above, stop + context - above
            if first < 0 or last > len(lines):
                continue
            old = lines[first:last]
            edit = Replace(
                name,
                _joined(old),
                _joined([*lines[first:start], *new, *lines[stop:last]]),
                line=0,
            )
            if any(line.strip() for line in old) and _gives(edit, lines, wanted):
                return edit
    return None


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in dedented("".join(f"{line}\n" for line in lines)))


def _gives(edit: Replace, lines: Sequence[str], wanted: Sequence[str]) -> bool:
    found = occurrences(lines, edit.old)
    if len(found) != 1:
        return False
    place = found[0]
    put = [place.indent + line if line else "" for line in dedented(edit.new)]
    return [*lines[: place.start], *put, *lines[place.stop :]] == list(wanted)


def solution_yaml(head: str, edits: Sequence[Edit]) -> str:
    """A solution's YAML: `head` (its other keys, as lines) and the edits, in literal blocks."""
    return f"{head.rstrip()}\nedits:\n{_yaml_of(edits)}"


def _yaml_of(edits: Sequence[Edit]) -> str:
    return "".join(_entry(edit) for edit in edits)


def _entry(edit: Edit) -> str:
    match edit:
        case Delete():
            return f"  - delete: {_scalar(edit.file)}\n"
        case Create():
            return f"  - create: {_scalar(edit.file)}\n    with: {_block(edit.content)}"
        case Replace():
            times = f"    times: {edit.times}\n" if edit.times != 1 else ""
            return (
                f"  - file: {_scalar(edit.file)}\n{times}"
                f"    replace: {_block(edit.old)}    with: {_block(edit.new)}"
            )


def _scalar(text: str) -> str:
    import yaml

    return str(yaml.safe_dump(text, width=1000, allow_unicode=True)).removesuffix("...\n").strip()


def _block(text: str) -> str:
    """A literal block scalar with its indentation and chomping indicators (YAML 1.2.2, 8.1.1)."""
    import yaml

    # A block folds line ends of other systems and cannot hold what is not printable.
    if not text.strip() or "\r" in text or yaml.reader.Reader.NON_PRINTABLE.search(text):
        return f"{yaml.safe_dump(text, default_style=chr(34), width=1000).strip()}\n"
    lines = text.split("\n")
    first = next(line for line in lines if line.strip())
    indent = "2" if first.startswith((" ", "\t")) or not lines[0].strip() else ""
    chomp = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    body = lines[:-1] if text.endswith("\n") else lines
    return f"|{indent}{chomp}\n" + "".join(f"      {line}\n" if line else "\n" for line in body)


def files_of(root: Path) -> dict[str, bytes]:
    """Path in the repository -> content, for every regular file below `root`."""
    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def applies_exactly(edits: Sequence[Edit], before: Mapping[str, bytes], after: Mapping[str, bytes]) -> bool:
    """Whether the edits, applied to `before` on disk, give `after` byte for byte."""
    with tempfile.TemporaryDirectory(prefix="kata-") as folder:
        root = Path(folder)
        for name, content in before.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        apply_edits(edits, root, root / "edits.yaml")
        return files_of(root) == dict(after)
