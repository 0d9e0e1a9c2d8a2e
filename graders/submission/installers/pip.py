"""pip: requirements files, its configuration by allow-listed keys, and whose line an error is about."""

from __future__ import annotations

import hashlib
import netrc
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from graders.submission.installers.base import IndexSettings, Inputs
from graders.submission.installers.pip_configuration import configured, variable_of
from graders.submission.installers.requirements import (
    RequirementLine,
    lines_of,
    local_folders,
    normal,
    read_all,
    rewritten,
)

SOURCE = "source"
_VERIFY = Path(__file__).with_name("verify_python.py")
# How packages are found and fetched; never where they are put, which is ours to say.
_KEYS = (
    "index-url",
    "extra-index-url",
    "no-index",
    "find-links",
    "constraint",
    "proxy",
    "cert",
    "client-cert",
    "trusted-host",
    "timeout",
    "default-timeout",
    "retries",
)
_WITH_HOSTS = ("index-url", "extra-index-url", "find-links")
_PACKAGING = ("pyproject.toml", "setup.py", "setup.cfg")
_ABOUT = re.compile(
    r"(?:No matching distribution found for|Failed building wheel for|Failed to build(?: installable wheels for)?"
    r"|Could not build wheels for|Cannot install) ['\"]?([A-Za-z0-9][\w.-]*)"
)
_AT_LINE = re.compile(r"\(from line (\d+) of ([^)]+)\)|-r (\S+) \(line (\d+)\)")
_ERROR = re.compile(r"^\s*(?:ERROR|error): (.*)$", re.MULTILINE)


class Pip:
    """See installers.base.Installer."""

    missing_module: re.Pattern[str] | None = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")

    def inputs(self, root: Path, names: Sequence[str], read: Callable[[str], bytes]) -> Inputs:
        files: dict[str, bytes] = {}
        for name in names:
            files |= read_all(name, read) if name.endswith(".txt") else {name: read(name)}
        texts = {name: content for name, content in files.items() if name.endswith((".txt", ".in"))}
        local = list(local_folders(texts))
        if not local:
            return Inputs(files)
        files |= {name: rewritten(content, SOURCE) for name, content in texts.items()}
        also = b"".join(_decides(root, folder, editable) for _, folder, editable in local)
        return Inputs(
            files,
            local=tuple(dict.fromkeys(folder for _, folder, _ in local)),
            editable=tuple(dict.fromkeys(folder for _, folder, editable in local if editable)),
            also=also,
        )

    def settings(self, caller: Mapping[str, str], asked: Callable[[str], str]) -> IndexSettings:  # noqa: ARG002
        found = configured(caller, _KEYS)
        entries: dict[str, tuple[str, str]] = _own_netrc(caller, found)
        for key in _WITH_HOSTS:
            if key in found:
                found[key] = " ".join(_without_credentials(one, entries) for one in found[key].split())
        variables = {variable_of(key): value for key, value in found.items()}
        # The null device: no configuration file is read. What they say of the keys above is in the variables.
        variables |= {
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
        }
        if not entries:
            return IndexSettings({**variables, "NETRC": "/dev/null"})
        lines = (f"machine {host} login {name} password {word}" for host, (name, word) in entries.items())
        return IndexSettings({**variables, "NETRC": "{private}/netrc"}, {"netrc": "\n".join(lines) + "\n"})

    def extends(self, base: Inputs, inputs: Inputs) -> bool:
        """Where lines were only added: what was pinned before stays as it is."""
        return set(_texts(base)) <= set(_texts(inputs))

    def probe(self, base: Inputs) -> str | None:
        known = next((line.name for line in _lines(base) if line.name), "pip")
        options = "--quiet --no-deps --no-cache-dir --retries 1 --dest probe"
        return f"{{python}} -I -m pip download {options} {known}"

    def verify(self, inputs: Inputs, *, strict: bool) -> str | None:
        # A marker may have left a line out for good reasons.
        names = [line.name for line in _lines(inputs) if line.name and ";" not in line.text]
        script = f"{shlex.quote(str(_VERIFY))} {'strict' if strict else 'lenient'} {' '.join(names)}"
        return f"! test -x {{environment}}/bin/python || {{environment}}/bin/python -I -B {script}"

    def blame(self, output: str, inputs: Inputs) -> str:
        words = [line.strip() for line in _ERROR.findall(output)] or output.strip().splitlines()[-3:]
        said = "\n".join(dict.fromkeys(_shortened(word) for word in words[-6:]))
        where = _at_line(output, inputs) or _about(output, inputs)
        return f"{where}:\n{said}" if where else said

    def variables(self, environment: Path, inputs: Inputs) -> dict[str, str]:
        """Editable folders are found in the copy of the repository that runs, before the copy they were built in."""
        if not inputs.editable:
            return {}
        inside = (*_path_entries(environment, environment / SOURCE), *inputs.editable)
        places = [f"{{repository}}/{folder}".removesuffix("/.") for folder in inside]
        return {"PYTHONPATH": ":".join(dict.fromkeys(places))}


def _lines(inputs: Inputs) -> Iterator[RequirementLine]:
    for file, content in inputs.files.items():
        if file.endswith((".txt", ".in")):
            yield from lines_of(file, content)


def _texts(inputs: Inputs) -> Iterator[str]:
    return (re.sub(r"\s+", "", line.text) for line in _lines(inputs))


def _decides(root: Path, folder: str, editable: bool) -> bytes:
    """What of a folder of the repository makes another environment: its packaging, or all of it where it is copied."""
    base = root / folder
    paths: Iterable[Path] = (base / name for name in _PACKAGING)
    if not editable:
        paths = sorted(path for path in base.rglob("*.*") if not {".git", ".venv", "venv"} & set(path.parts))
    digest = hashlib.sha256(f"{folder}\0{editable}\0".encode())
    for path in paths:
        if path.is_file() and not path.is_symlink():
            digest.update(path.relative_to(base).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.digest()


def _without_credentials(url: str, entries: dict[str, tuple[str, str]]) -> str:
    """The URL, its credentials moved to `entries`; as it is where its host has other ones already."""
    parts = urlsplit(url)
    if not parts.hostname or not parts.username:
        return url
    given = (unquote(parts.username), unquote(parts.password or ""))
    if any(re.search(r"\s", word) or not word for word in given):
        return url
    if entries.setdefault(parts.hostname, given) != given:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host))


def _own_netrc(caller: Mapping[str, str], found: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What the caller's netrc holds for the hosts of the indexes, and for no other."""
    path = Path(caller.get("NETRC") or Path(caller.get("HOME", "/")) / ".netrc")
    try:
        known = netrc.netrc(path)
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return {}
    hosts = {
        urlsplit(url).hostname for key in _WITH_HOSTS for url in found.get(key, "").split() if "@" not in url
    }
    given = {host: known.authenticators(host) for host in hosts if host}
    return {
        host: (entry[0], entry[2] or "") for host, entry in given.items() if entry and host in known.hosts
    }


def _shortened(text: str) -> str:
    return re.sub(
        r"\(from versions: (?:[^)]{120,})\)", lambda found: f"(from versions: … {found[0][-60:]}", text
    )


def _at_line(output: str, inputs: Inputs) -> str:
    """The line that an error names."""
    named = _AT_LINE.search("\n".join(_ERROR.findall(output)))
    return _line_of(named, inputs) if named else ""


def _about(output: str, inputs: Inputs) -> str:
    """The line of the package that an error names; else the last one that pip was at."""
    for found in _ABOUT.finditer("\n".join(_ERROR.findall(output))):
        for line in _lines(inputs):
            if line.name == normal(found[1]):
                return _place(line)
    last = list(_AT_LINE.finditer(output))
    return _line_of(last[-1], inputs) if last else ""


def _line_of(found: re.Match[str], inputs: Inputs) -> str:
    number, file = (found[1], found[2]) if found[1] else (found[4], found[3])
    for line in _lines(inputs):
        if (line.file, str(line.number)) == (file, number):
            return _place(line)
    return ""


def _place(line: RequirementLine) -> str:
    return f"{line.file} line {line.number} (`{line.text}`)"


def _path_entries(environment: Path, source: Path) -> Iterator[str]:
    """The folders below `source` that the environment's .pth files name, relative to it."""
    for file in sorted(environment.glob("lib/python*/site-packages/*.pth")):
        for line in file.read_text(errors="replace").splitlines():
            if line.startswith(f"{source}"):
                yield Path(line).relative_to(source).as_posix()
