"""What a stack's code needs to run: its dependencies, installed once into the cache by what decides them.

A learner's additions are laid over a copy of the starter's environment. An install that fails is the learner's only
where the package index answers and the machine has room; the starter's own environment is never the learner's.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from graders.errors import SandboxError, UsageError
from graders.packs.placeholders import fill
from graders.packs.records import Kata, Stack
from graders.packs.rendering import starter_file
from graders.results.grade import Notice
from graders.sandbox.base import Sandbox
from graders.sandbox.file_lock import exclusive
from graders.submission import failures
from graders.submission.failures import ServiceFailure
from graders.submission.folder import snapshot
from graders.submission.installers import Inputs, Installer, installer_of
from graders.submission.installers.base import read_input
from graders.submission.installing import InstallFailed, InstallPlace, Why, run_commands, why_it_failed
from graders.submission.intact import is_intact, mark_ready
from graders.submission.programs import check_requirement, find_program
from graders.submission.resembling import as_installed, not_installed
from graders.submission.stale import forget_unused, remove_environment

SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A ready environment: `path` goes before PATH, `links` are made in the repository, `variables` are set (with
    placeholders still in them); `stack`: the one that says how they were installed.

    `path` ends with the folders of the programs that the stack needs: they may be outside the system's own. `digest`:
    SHA-256 (hex) of the files that the dependencies were installed from, and of the commands that did it.
    """

    folder: Path
    path: tuple[str, ...]
    links: Mapping[str, str]
    variables: Mapping[str, str]
    stack: Stack
    notices: tuple[Notice, ...] = ()
    digest: str = ""

    def filled(self, command: str) -> str:
        """A shell command of the stack with its placeholders replaced."""
        return _filled(command, self.folder, quoted=True)


def prepare_environment(
    stack: Stack,
    root: Path,
    *,
    kata: Kata | None = None,
    cache: Path,
    variables: Mapping[str, str],
    sandbox: Sandbox,
    confined: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Toolchain:
    """The dependencies of the repository `root`, installed into `cache` unless they are there already.

    `kata`: whose starter the repository began as; `variables`: the caller's environment, of which the installer sees
    a few by name; `confined`: the code of the repository is not trusted, so that only what the starter needs is
    installed; `progress` hears what takes time. Raises ServiceFailure for dependencies that cannot be installed
    as they are declared, UsageError for a missing file or program, SandboxError where the machine is at fault.
    """
    like = as_installed(stack, root)
    passed_over = [failures.not_read(file, like.inputs[0]) for file in not_installed(stack, root)]
    made = _Preparation(like, root, kata, cache, variables, sandbox, confined, progress).toolchain()
    return replace(made, notices=(*passed_over, *made.notices))


@dataclass(slots=True)
class _Preparation:
    """One repository's environment in the making."""

    stack: Stack
    root: Path
    kata: Kata | None
    cache: Path
    caller: Mapping[str, str]
    sandbox: Sandbox
    confined: bool
    progress: Callable[[str], None]

    def toolchain(self) -> Toolchain:
        installer = installer_of(self.stack.installer)
        versions = tuple(check_requirement(needed, self.caller) for needed in self.stack.requires)
        inputs = self._inputs(installer)
        base = self._starter_inputs(installer)
        folder = self._folder(inputs, versions)
        own = base is None or base == inputs
        if own:
            self._ensure(folder, lambda: self._build(folder, inputs, installer, base, own=True))
        else:
            assert base is not None
            if self.confined and not is_intact(folder):
                raise _not_installed(self.stack)
            below = self._folder(base, versions)
            self._ensure(folder, lambda: self._build_theirs(folder, inputs, installer, base, below))
        return Toolchain(
            folder=folder,
            path=tuple(
                dict.fromkeys(
                    [*(_filled(entry, folder) for entry in self.stack.path), *self._programs(), *self._used()]
                )
            ),
            links={name: _filled(place, folder) for name, place in self.stack.links.items()},
            variables={**self.stack.variables, **installer.variables(folder, inputs)},
            stack=self.stack,
            notices=tuple(self._unread_locks()),
            digest=_lock_digest(self.stack, inputs),
        )

    def _inputs(self, installer: Installer) -> Inputs:
        for name in self.stack.inputs:
            lock = next((lock for lock in self.stack.locks if (self.root / lock).is_file()), None)
            if lock is not None and not (self.root / name).is_file():
                raise UsageError(
                    f"{self.root} has {lock}, but no {name}, which the stack {self.stack.name} installs from",
                    hint=f"write it with `{self.stack.locks[lock]}`, and again after each change of {lock}",
                )
        return installer.inputs(self.root, self.stack.inputs, lambda name: read_input(self.root, name))

    def _starter_inputs(self, installer: Installer) -> Inputs | None:
        if self.kata is None:
            return None
        kata, stack = self.kata, self.stack

        def read(name: str) -> bytes:
            content = starter_file(kata, stack, name)
            if content is None:
                raise UsageError(f"the starter has no {name}", hint="add it to the skeleton's tree/")
            return content

        return installer.inputs(stack.folder / "tree", stack.inputs, read)

    def _unread_locks(self) -> Iterator[Notice]:
        for lock, command in self.stack.locks.items():
            if (self.root / lock).is_file():
                yield failures.lock_not_read(lock, self.stack.inputs[-1], command)

    def _folder(self, inputs: Inputs, versions: tuple[str, ...]) -> Path:
        return self.cache / "environments" / f"{self.stack.name}-{_key(self.stack, inputs, versions)}"

    def _ensure(self, folder: Path, build: Callable[[], None]) -> None:
        """The folder, built unless it is there and as it was made."""
        if is_intact(folder):
            return
        waiting = "waiting for another install"
        with exclusive(folder.with_suffix(".lock"), waiting=lambda: self.progress(waiting)):
            if not is_intact(folder):
                build()
                forget_unused(folder.parent)

    def _build_theirs(
        self, folder: Path, inputs: Inputs, installer: Installer, base: Inputs, below: Path
    ) -> None:
        if self.stack.extend and installer.extends(base, inputs):
            self._ensure(below, lambda: self._build(below, base, installer, base, own=True))
            self._build(folder, inputs, installer, base, own=False, below=below)
        else:
            self._build(folder, inputs, installer, base, own=False)

    def _build(
        self,
        folder: Path,
        inputs: Inputs,
        installer: Installer,
        base: Inputs | None,
        *,
        own: bool,
        below: Path | None = None,
    ) -> None:
        remove_environment(folder)
        with self._place(folder, installer) as place:
            try:
                self._fill(place, inputs, installer, below, strict=own)
            except InstallFailed as failed:
                remove_environment(folder)
                why = why_it_failed(failed, place, installer.probe(base or inputs))
                raise self._blamed(failed, why, installer, inputs, own=own) from None
            except BaseException:
                remove_environment(folder)
                raise
        mark_ready(folder)

    def _fill(
        self, place: InstallPlace, inputs: Inputs, installer: Installer, below: Path | None, *, strict: bool
    ) -> None:
        folder = place.folder
        if below is None:
            self.progress(f"installing the dependencies of {self.stack.name} (once)")
            folder.mkdir(parents=True)
        else:
            self.progress("adding your dependencies to those of the starter")
            _copy_environment(below, folder)
        for name, content in inputs.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if inputs.local:
            snapshot(self.root, folder / SOURCE, self.stack.ignore)
        commands = self.stack.install if below is None else self.stack.extend
        run_commands(place, [_filled(_with_pip(command), folder, quoted=True) for command in commands])
        check = installer.verify(inputs, strict=strict)
        if check is not None:
            run_commands(place, [_filled(check, folder, quoted=True)])

    @contextmanager
    def _place(self, folder: Path, installer: Installer) -> Iterator[InstallPlace]:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".install-", dir=folder.parent) as private:
            place = InstallPlace(
                folder=folder,
                private=Path(private),
                downloads=self.cache / "downloads",
                sandbox=self.sandbox,
                path=tuple(self._programs()),
            )
            yield place.with_settings(installer, self.caller)

    def _programs(self) -> list[str]:
        return [str(Path(find_program(needed, self.caller)).parent) for needed in self.stack.requires]

    def _used(self) -> list[str]:
        """Folders of programs that the stack does not need, and that the caller has."""
        found = (shutil.which(name, path=self.caller.get("PATH", "")) for name in self.stack.programs)
        return [str(Path(program).absolute().parent) for program in found if program]

    def _blamed(
        self, failed: InstallFailed, why: Why, installer: Installer, inputs: Inputs, *, own: bool
    ) -> SandboxError | ServiceFailure:
        said = installer.blame(failed.output, inputs)
        if why is Why.DECLARED and not own:
            lock = next((lock for lock in self.stack.locks if (self.root / lock).is_file()), None)
            return failures.dependencies_refused(said, failed.output, self.stack.inputs[0], lock)
        return SandboxError(
            f"the dependencies of {self.stack.name} could not be installed ({failed.how}):\n{said}",
            hint=why.hint,
        )


def _not_installed(stack: Stack) -> UsageError:
    files = " and ".join(stack.inputs)
    return UsageError(
        f"the submission asks for other dependencies than the starter ({files}), and an install would run their code"
        " outside of the sandbox",
        hint=f"compare {files} with the starter's; if you trust the additions, `kata env` installs them once, and"
        " the run then only reads them",
    )


def _key(stack: Stack, inputs: Inputs, versions: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    made_by = (stack.install, stack.extend, stack.links, inputs.local)
    digest.update(f"{sys.executable}\0{sys.version}\0{versions}\0{made_by}".encode() + inputs.also)
    for name, content in sorted(inputs.files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _lock_digest(stack: Stack, inputs: Inputs) -> str:
    """The same on every machine, unlike the key of the cache."""
    digest = hashlib.sha256(f"{stack.name}\0{(stack.install, stack.extend)}\0".encode() + inputs.also)
    for name, content in sorted(inputs.files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _filled(text: str, folder: Path, *, quoted: bool = False) -> str:
    quote = shlex.quote if quoted else str
    return fill(text, {"environment": quote(str(folder)), "python": quote(sys.executable)})


def _with_pip(command: str) -> str:
    # A kata installed by a tool such as pipx or uv may be in an environment without pip: then the new one brings
    # its own.
    if "-m pip --python" in command and importlib.util.find_spec("pip") is None:
        own = "{environment}/bin/python"
        rest = command.split("install", 1)[1]
        return f"{own} -m ensurepip --default-pip && {own} -m pip install {rest}"
    return command


def _copy_environment(source: Path, target: Path) -> None:
    """A copy that works in its place: programs name the environment's own interpreter by its path."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("ready.json"))
    before, after = str(source).encode(), str(target).encode()
    for path in (target / "bin").glob("*") if (target / "bin").is_dir() else ():
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if before in content[:4096]:
                path.write_bytes(content.replace(before, after))
