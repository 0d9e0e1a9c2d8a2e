"""pip's configuration files, where its manual says that they are, read for a few keys and for nothing else."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

# A later section wins; what is said for an install wins over what is said for everything.
_SECTIONS = ("global", "download", "install")


def configured(caller: Mapping[str, str], keys: Collection[str]) -> dict[str, str]:
    """The value of each of `keys` that a file or a variable of the caller sets; several are separated by spaces."""
    found: dict[str, str] = {}
    for path in _files(caller):
        found |= _values(path, keys)
    for key in keys:
        value = caller.get(variable_of(key))
        if value:
            found[key] = value
    return {key: " ".join(value.split()) for key, value in found.items()}


def variable_of(key: str) -> str:
    """The environment variable that sets a key, such as PIP_INDEX_URL."""
    return f"PIP_{key.upper().replace('-', '_')}"


def _files(caller: Mapping[str, str]) -> Iterator[Path]:
    """The files that pip would read, in the order in which the later one wins."""
    named = caller.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    for folder in caller.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep):
        yield Path(folder, "pip", "pip.conf")
    if sys.platform == "darwin":
        yield Path("/Library/Application Support/pip/pip.conf")
    yield Path("/etc/pip.conf")
    home = caller.get("HOME")
    if home and not (named and Path(named).exists()):
        yield Path(home, ".pip", "pip.conf")
        own = Path(caller.get("XDG_CONFIG_HOME") or Path(home, ".config"))
        library = Path(home, "Library", "Application Support", "pip")
        yield (library if library.is_dir() else own / "pip") / "pip.conf"
    yield Path(sys.prefix, "pip.conf")
    if named:
        yield Path(named)


def _values(path: Path, keys: Collection[str]) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_text(errors="replace"))
    except (OSError, configparser.Error):
        return {}
    found: dict[str, str] = {}
    for section in _SECTIONS:
        if parser.has_section(section):
            items = {key.lower().replace("_", "-"): value for key, value in parser.items(section)}
            found |= {key: items[key] for key in keys if items.get(key)}
    return found
