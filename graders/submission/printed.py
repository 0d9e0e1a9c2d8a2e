"""What a service printed, as its author knows it: paths of the repository, and without the frames of libraries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_PYTHON_FRAME = re.compile(r'^(\s*)File "([^"]+)", line (\d+)', re.MULTILINE)
# A frame: an indented line that names a file and a line of it. Python's is followed by deeper lines of source.
_FRAME = re.compile(r"^(?P<indent>\s+)(?P<at>at )?.*?(?P<file>[^\s(\"']+):\d+(:\d+)?\)?(, in .+)?$")
_LIBRARY = re.compile(r"(^|/)(site-packages|node_modules|dist-packages|lib/python3[.\d]*)/|^node:|^<frozen ")
# What servers print of each request anyway: "GET /orders HTTP/1.1" 200
_REQUEST_LOG = re.compile(
    r'"[A-Z]{3,10} \S+ HTTP/\d(\.\d)?" \d{3}\b|"[A-Z]{3,10} \S+ HTTP/\d(\.\d)?"\s+-?\s*\d{3}\b'
)


@dataclass(frozen=True, slots=True)
class PathRewriter:
    """How places of a run are written for the author of a submission. `places`: directory -> what replaces it."""

    places: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """`text` with those directories replaced, and each `File "app/views.py", line 18` as `app/views.py:18`."""
        for place, label in sorted(self.places.items(), key=lambda entry: -len(entry[0])):
            if place in text:
                whole = label.rstrip("/") or "."
                inside = rf"(?:file://)?{re.escape(place)}(?:(/)|(?![\w.-]))"
                text = re.sub(inside, lambda found, s=label, w=whole: s if found[1] else w, text)  # type: ignore[misc]
        return _PYTHON_FRAME.sub(r"\1\2:\3", text)


def path_rewriter(work: Path, private: Path, environment: Path) -> PathRewriter:
    """The places of a run: the copy of the repository, its private directory, and its dependencies."""
    packages = environment.glob("lib/python*/site-packages")
    places = {
        work: "",
        private / "home": "$HOME/",
        private / "tmp": "$TMPDIR/",
        **dict.fromkeys(packages, "site-packages/"),
        environment / "node_modules": "node_modules/",
        environment: "",
    }
    # Programs resolve links before they print a path.
    return PathRewriter(
        {str(one): label for place, label in places.items() for one in (place, place.resolve())}
    )


def digest_log(text: str) -> str:
    """The lines that say something: frames of libraries are counted instead, the request log is left out."""
    kept: list[str] = []
    skipped = 0
    library: str | None = None
    for line in text.splitlines():
        frame = _FRAME.match(line)
        if frame is not None and _LIBRARY.search(frame["file"]):
            library, skipped = frame["indent"], skipped + 1
            continue
        if library is not None and frame is None and _indent(line) > len(library):
            # The source that belongs to the frame before.
            continue
        if skipped:
            kept.append(f"{library or ''}({skipped} {'frame' if skipped == 1 else 'frames'} of libraries)")
        library, skipped = None, 0
        if not _REQUEST_LOG.search(line):
            kept.append(line)
    if skipped:
        kept.append(f"{library or ''}({skipped} {'frame' if skipped == 1 else 'frames'} of libraries)")
    return "\n".join(kept)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
