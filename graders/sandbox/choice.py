"""Which sandbox a run gets: what was asked for, or a refusal that says how to get there. Never a weaker one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from graders.errors import KataError, UsageError
from graders.sandbox.base import Sandbox
from graders.sandbox.bubblewrap import BubblewrapSandbox
from graders.sandbox.probing import probe
from graders.sandbox.process import ProcessSandbox
from graders.sandbox.promises import Confinement, Promise

BACKENDS: dict[str, Callable[..., Sandbox]] = {"process": ProcessSandbox, "bubblewrap": BubblewrapSandbox}
# The strongest first: the order in which foreign code looks for a place.
_CONFINING = ("bubblewrap",)


@dataclass(frozen=True, slots=True)
class Choice:
    """The sandbox for a run. `make(adopt)` returns it; `adopt` is called with each of its process groups;
    `confinement` is for the report."""

    name: str
    tier: str
    confinement: Confinement
    make: Callable[[Callable[[int], None]], Sandbox]


def choose(name: str | None = None, *, untrusted: bool = False, hidden: Sequence[Path] = ()) -> Choice:
    """The sandbox `name` (None: the plain process, or for `untrusted` code the first one that confines it).

    `hidden`: folders that no box may show. Every sandbox above T0 is probed. Raises UsageError where it is not
    there, and for `untrusted` code where one of its promises, the limits included, is not verified.
    """
    if name is None and untrusted:
        return _first_that_confines(hidden)
    return _chosen(name or "process", untrusted=untrusted, hidden=hidden)


def _first_that_confines(hidden: Sequence[Path]) -> Choice:
    refusals = []
    for name in _CONFINING:
        try:
            return _chosen(name, untrusted=True, hidden=hidden)
        except UsageError as error:
            refusals.append(error)
    raise refusals[0]


def _chosen(name: str, *, untrusted: bool, hidden: Sequence[Path]) -> Choice:
    if name not in BACKENDS:
        raise UsageError(f"there is no sandbox `{name}`", hint=f"choose one of {', '.join(BACKENDS)}")
    if name == "process":
        if untrusted:
            raise _unconfined()
        return Choice(name, ProcessSandbox.tier, Confinement(name), ProcessSandbox)
    make = partial(BACKENDS[name], hidden=tuple(hidden))
    sandbox = _made(name, make)
    confinement = Confinement(name, probe(sandbox))
    if untrusted and confinement.unverified:
        raise _unverified(name, confinement.unverified)
    return Choice(name, sandbox.tier, confinement, make)


def _made(name: str, make: Callable[..., Sandbox]) -> Sandbox:
    try:
        return make()
    except KataError as error:
        raise UsageError(f"the sandbox {name} cannot be used: {error.message}", hint=error.hint) from error


def _unconfined() -> UsageError:
    return UsageError(
        "untrusted code is not run as a plain process: it could read and change all that this user can",
        hint="leave out `--sandbox process`, or name a sandbox that confines it; `kata doctor --sandbox` lists them",
    )


def _unverified(name: str, missing: Sequence[Promise]) -> UsageError:
    words = "; ".join(
        f"{one.promise}: {one.state}{f' ({one.found})' if one.found else ''}" for one in missing[:4]
    )
    fixes = list(dict.fromkeys(one.fix for one in missing if one.fix))
    return UsageError(
        f"untrusted code is not run: the sandbox {name} does not keep what it promises on this machine: {words}",
        hint=". ".join([*fixes, "`kata doctor --sandbox` shows every promise"]),
    )
