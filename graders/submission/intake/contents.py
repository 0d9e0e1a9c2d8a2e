"""What a person should know about the files of a submission: programs without source, archives in it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from graders.results.grade import Flag
from graders.submission.intake.manifest import Manifest
from graders.submission.intake.opening import HEAD, is_archive

_FEW = 5
# Suffix of a compiled file -> of its source.
_COMPILED = {".pyc": ".py", ".pyo": ".py", ".class": ".java", ".pyd": ".py"}
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xca\xfe\xba\xbe", b"\0asm")


def about_contents(root: Path, manifest: Manifest) -> tuple[Flag, ...]:
    """Flags for compiled code and for archives, which nobody opens."""
    heads = {entry.path: _head(root / entry.path) for entry in manifest.entries}
    paths = frozenset(heads)
    compiled = [path for path, head in heads.items() if _is_compiled(path, head, paths)]
    packed = [path for path, head in heads.items() if is_archive(head)]
    found = [
        ("binary-only", "compiled code whose source is not in it", compiled),
        ("nested-archive", "archives, which were not opened", packed),
    ]
    return tuple(
        Flag("note", code, f"it holds {what}: {_named(paths)}") for code, what, paths in found if paths
    )


def _is_compiled(path: str, head: bytes, paths: frozenset[str]) -> bool:
    place = PurePosixPath(path)
    source = _COMPILED.get(place.suffix.lower())
    if source is not None:
        return str(place.with_suffix(source)) not in paths
    return head.startswith(_PROGRAMS)


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - _FEW} more" if len(paths) > _FEW else ""
    return ", ".join(f"`{path}`" for path in paths[:_FEW]) + more


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
