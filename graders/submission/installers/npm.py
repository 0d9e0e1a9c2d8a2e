"""npm: package.json and its lock file, the configuration by allow-listed keys, and whose entry an error is about."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from graders.errors import UsageError
from graders.submission.installers.base import IndexSettings, Inputs

_VERIFY = Path(__file__).with_name("verify_node.mjs")
# How packages are found and fetched; never where they are put, which is ours to say.
_KEYS = ("registry", "cafile", "ca", "certfile", "keyfile", "strict-ssl", "proxy", "https-proxy", "noproxy")
_SCOPED = re.compile(r"@[\w.-]+:registry|//\S+:(?:_authToken|_auth|username|_password|certfile|keyfile)")
_NAME = r"((?:@[\w.-]+/)?[A-Za-z0-9][\w.-]*)"
_ABOUT = (
    re.compile(rf"404\s+(?:The requested resource )?'?{_NAME}@\S*'? (?:is not in this|could not be found)"),
    re.compile(r"404 Not Found - GET \S+?/((?:@[\w.-]+(?:/|%2[fF]))?[\w.-]+)(?:/-/\S*)?(?=\s|$)"),
    re.compile(rf"No matching version found for {_NAME}@"),
    re.compile(rf"(?:Missing|Invalid): (?:lock file's )?{_NAME}@"),
    re.compile(rf"path \S*/node_modules/{_NAME}"),
)
_IDLE = re.compile(
    r"|\d+|code E\w+|A complete log.*|.*-debug-0\.log|Clean install a project|Usage:|npm ci|Options:.*"
)


class Npm:
    """See installers.base.Installer."""

    missing_module: re.Pattern[str] | None = re.compile(
        r"(?:Cannot find package|Cannot find module) '((?:@[\w.-]+/)?[A-Za-z0-9][\w.-]*)[^']*'"
    )

    def inputs(self, root: Path, names: Sequence[str], read: Callable[[str], bytes]) -> Inputs:
        _must_have_a_lock(root, names)
        files = {name: read(name) for name in names}
        for name in names:
            if name.endswith(".json"):
                _must_be_an_object(root / name, files[name])
        return Inputs(files)

    def settings(self, caller: Mapping[str, str], asked: Callable[[str], str]) -> IndexSettings:
        kept: dict[str, str] = {}
        for path in _configuration_files(caller, asked("npm config get globalconfig userconfig")):
            kept |= _kept(path, caller)
        for name, value in caller.items():
            key = name.lower().removeprefix("npm_config_").replace("_", "-")
            if name.lower().startswith("npm_config_") and key in _KEYS and value:
                kept[key] = value
        lines = "".join(f"{key}={value}\n" for key, value in kept.items())
        variables = {
            "npm_config_userconfig": "{private}/npmrc",
            "npm_config_globalconfig": "{private}/no-npmrc",
            "npm_config_update_notifier": "false",
        }
        return IndexSettings(variables, {"npmrc": lines, "no-npmrc": ""})

    def extends(self, base: Inputs, inputs: Inputs) -> bool:  # noqa: ARG002
        """Never: `npm ci` starts from nothing, and finds what it had fetched before."""
        return False

    def probe(self, base: Inputs) -> str | None:
        known = next(iter(_declared(base)), "npm")
        return f"npm view {known} name --prefer-online --fetch-retries=1"

    def verify(self, inputs: Inputs, *, strict: bool) -> str | None:
        names = " ".join(shlex.quote(name) for name in _declared(inputs))
        mode = "strict" if strict else "lenient"
        return f"node {shlex.quote(str(_VERIFY))} {mode} {{environment}} {names}"

    def blame(self, output: str, inputs: Inputs) -> str:
        words = [
            line.removeprefix("npm error").removeprefix("npm ERR!").strip()
            for line in output.splitlines()
            if line.startswith(("npm error", "npm ERR!"))
        ]
        useful = [
            word
            for word in words
            if word and "debug-0.log" not in word and not word.startswith("A complete log")
        ]
        said = "\n".join(dict.fromkeys(useful[:8])) or "\n".join(output.strip().splitlines()[-8:])
        for pattern in _ABOUT:
            for found in pattern.finditer(output):
                where = _place(re.sub("%2[fF]", "/", found[1]), inputs)
                if where:
                    return f"{where}:\n{said}"
        return said

    def variables(self, environment: Path, inputs: Inputs) -> dict[str, str]:  # noqa: ARG002
        return {}


def _must_have_a_lock(root: Path, names: Sequence[str]) -> None:
    package, lock = root / "package.json", root / "package-lock.json"
    if lock.name in names and package.is_file() and not lock.is_file():
        raise UsageError(
            f"{lock} is missing: `npm ci` installs what it says",
            hint="write it with `npm install --package-lock-only`, or restore it (`kata reset`)",
        )


def _must_be_an_object(path: Path, content: bytes) -> None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} is not valid JSON: {error}", hint="correct it there, then try again"
        ) from None
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no JSON object", hint="restore it (`kata reset`)")


def _declared(inputs: Inputs) -> tuple[str, ...]:
    declared = json.loads(inputs.files.get("package.json", b"{}")).get("dependencies")
    names = declared if isinstance(declared, dict) else {}
    return tuple(name for name in names if re.fullmatch(_NAME, name))


def _configuration_files(caller: Mapping[str, str], answer: str) -> Iterator[Path]:
    """The global and the user's configuration file, in the order in which the later one wins."""
    found = dict(line.partition("=")[::2] for line in answer.splitlines() if "=" in line)
    for key in ("globalconfig", "userconfig"):
        if found.get(key):
            yield Path(found[key])
    if not found and caller.get("HOME"):
        yield Path(caller["HOME"]) / ".npmrc"


def _kept(path: Path, caller: Mapping[str, str]) -> dict[str, str]:
    """The allow-listed lines of an .npmrc, the caller's variables in their values filled in as npm does."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    kept = {}
    for line in lines:
        key, _, value = (part.strip() for part in line.partition("="))
        if key in _KEYS or _SCOPED.fullmatch(key):
            kept[key] = re.sub(r"\$\{(\w+)\}", lambda found: caller.get(found[1], found[0]), value)
    return kept


def _place(name: str, inputs: Inputs) -> str:
    for file in ("package.json", "package-lock.json"):
        for number, line in enumerate(inputs.files.get(file, b"").decode("utf-8", "replace").splitlines(), 1):
            if f'"{name}"' in line or f'"node_modules/{name}"' in line:
                return f"{file} line {number} (`{line.strip().rstrip(',')}`)"
    return ""
