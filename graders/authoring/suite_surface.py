"""Whether a suite uses what is public: imports from `graders.suite.api` alone, fixtures by their present names."""

from __future__ import annotations

import ast
import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graders.authoring.problem import Problem
from graders.packs.extras import EXTRAS
from graders.packs.records import Kata
from graders.suite import old_names
from graders.suite.imports import Import, imports_from_graders

API = "graders.suite.api"


def audit_surface(kata: Kata) -> Iterator[Problem]:
    """Every use of what is not public in the suite's files. Names that were public once are deprecations."""
    for path in sorted((kata.folder / "suite").rglob("*.py")):
        # What is not Python is a problem of its own, see `suite_audit`.
        with contextlib.suppress(SyntaxError, ValueError):
            where = f"{kata.slug}/{path.relative_to(kata.folder).as_posix()}"
            yield from misuses_in(path, where)
            yield from _undeclared_extras(kata, path, where)


def misuses_in(file: Path, where: str) -> Iterator[Problem]:
    """As `audit_surface`, for one file. Raises SyntaxError or ValueError where it is not Python."""
    for one in imports_from_graders(file):
        if not _is_public(one):
            old = old_names.is_old(one.module) or old_names.is_old(one.dotted)
            message = f"imports `{one.dotted}`, {'a deprecated name' if old else 'which is not public'}"
            yield Problem(f"{where}:{one.line}", message, _replacement(one), deprecation=old)
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_"):
            yield from _old_fixtures(node, where)


def _undeclared_extras(kata: Kata, file: Path, where: str) -> Iterator[Problem]:
    """Libraries of checks that have the name of an extra need it."""
    for one in imports_from_graders(file):
        for extra in EXTRAS.keys() & set(one.dotted.split(".")) - set(kata.environment.extras):
            message = f"imports `{one.dotted}`, which needs the extra `{extra}`"
            hint = f"write `extras: [{extra}]` under `environment:` in kata.yaml"
            yield Problem(f"{where}:{one.line}", message, hint, blocking=True)


def _is_public(one: Import) -> bool:
    if one.dotted == API:
        return True
    return one.module == API and one.name in ("*", *_api().__all__)


def _old_fixtures(check: ast.FunctionDef, where: str) -> Iterator[Problem]:
    for argument in check.args.args:
        new = old_names.FIXTURES.get(argument.arg)
        if new:
            message = f"asks for the fixture `{argument.arg}`, a deprecated name"
            yield Problem(f"{where}:{argument.lineno}", message, f"use `{new}`", deprecation=True)


def _replacement(one: Import) -> str:
    """What to write instead, as far as the surface has it."""
    try:
        found = old_names.resolve(one.module, one.name)
    except (ImportError, AttributeError):
        # `from package import module`
        found = _module(one.dotted)
    place = _place_of(found) if found is not None else ""
    if not place:
        return f"import from {API} alone; docs/suite.md lists what it has"
    name, _, member = place.partition(".")
    return f"write `from {API} import {name}`" + (f" and `{place}`" if member else "")


def _module(dotted: str) -> Any:
    try:
        return old_names.resolve(dotted)
    except ImportError:
        return None


def _place_of(found: Any) -> str:
    """The name under which the surface has it, with its library before a dot; empty where it does not."""
    api = _api()
    for name in api.__all__:
        if getattr(api, name) is found:
            return str(name)
    # A library also holds what it imports; only its own names are meant.
    home = getattr(found, "__module__", "")
    for library in (name for name in api.LIBRARIES if home.startswith(getattr(api, name).__name__)):
        for name, value in vars(getattr(api, library)).items():
            if value is found and not name.startswith("_"):
                return f"{library}.{name}"
    return ""


def _api() -> Any:
    # It brings a database driver with it, which an audit without such imports has no use for.
    return importlib.import_module(API)
