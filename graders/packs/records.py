"""The records of a pack: a kata, its checks and datasets, a stack, a solution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from graders.packs.edits import Edit

# What `over:` names to mean the starter itself.
STARTER = "starter"
Visibility = Literal["open", "sealed"]
SolutionKind = Literal["reference", "alternative", "flawed"]
# What coding assistants may do in a repository; content/assistants/<policy>.md says it to them.
Assistants = Literal["tutor", "allowed", "declared", "none"]
ASSISTANTS: tuple[Assistants, ...] = ("tutor", "allowed", "declared", "none")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a kata proves. `needs` names checks whose failure makes this one meaningless (skipped)."""

    id: str
    points: int
    visibility: Visibility
    title: str
    feedback: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A size of the seeded database; `scale` reaches the seed as the setting `kata.scale`."""

    name: str
    scale: int


@dataclass(frozen=True, slots=True)
class Environment:
    """What a submission finds around it.

    `variables`: environment variables in addition to PORT, HOST and DATABASE_URL, with placeholders still in them (see
    packs.placeholders); `datasets`: the first is the one that is graded; `extensions`: created by the superuser before
    the schema; `extras`: optional dependencies of kata that the suite needs; `durable`: fsync and friends stay on.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = (Dataset("small", 1),)
    extensions: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    durable: bool = False
    ready_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a kata. `brief`: its file in the kata's folder; `checks`: ids of the checks that it adds."""

    id: str
    title: str
    brief: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kata:
    """One exercise. `folder` holds kata.yaml, brief.md, suite/, starter/ and solutions/, and schema.sql with seed.sql
    unless the service makes its own tables.

    `additions`: folders of other packs whose starter/ and solutions/ belong to it as well.
    """

    slug: str
    title: str
    level: str
    minutes: int
    summary: str
    skills: tuple[str, ...]
    environment: Environment
    checks: tuple[Check, ...]
    hints: Mapping[str, tuple[str, ...]]
    traps: tuple[str, ...]
    starter_fails: tuple[str, ...]
    folder: Path
    stages: tuple[Stage, ...] = ()
    additions: tuple[Path, ...] = ()

    def check(self, id: str) -> Check:
        """The check of that id; KeyError if the kata has none."""
        for check in self.checks:
            if check.id == id:
                return check
        raise KeyError(id)

    @property
    def points(self) -> int:
        return sum(check.points for check in self.checks)

    @property
    def pack(self) -> Path:
        """The root of the pack that the kata belongs to."""
        return self.folder.parent.parent

    @property
    def starter_points(self) -> int:
        """What the untouched starter scores: the checks that it fails are lost, and those that need one of them."""
        lost = set(self.starter_fails)
        for check in self.checks:
            if lost & set(check.needs):
                lost.add(check.id)
        return sum(check.points for check in self.checks if check.id not in lost)

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks that this kata has a starter for, in alphabetical order."""
        starters = [base / "starter" for base in (self.folder, *self.additions)]
        names = {
            entry.name for base in starters if base.is_dir() for entry in base.iterdir() if entry.is_dir()
        }
        return tuple(sorted(name for name in names if not name.startswith((".", "_"))))

    def starter(self, stack: str) -> Path | None:
        """The folder of its files for that stack; the kata's own comes before an addition's."""
        folders = (base / "starter" / stack for base in (self.folder, *self.additions))
        return next((folder for folder in folders if folder.is_dir()), None)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A program that a stack needs on the machine, e.g. node >= 20, with the words to say when it is missing.

    `version`: the arguments that let it print its version.
    """

    command: str
    minimum: str
    hint: str
    version: str = "--version"


@dataclass(frozen=True, slots=True)
class Stack:
    """A language and framework: its starter repository (`folder`/tree) and how its dependencies get in.

    `inputs`: files of the repository that decide its dependencies; `install`: shell commands that build them into
    an environment directory; `extend`: those that add what is new to a copy of the starter's environment;
    `installer`: pip, npm or "" (what is known of its settings and errors); `locks`: other tools' files -> the command
    that writes the inputs from them. `build`: shell commands in the private copy of the repository, before `release`;
    `ignore`: names that are not part of the work; `path`: put before PATH; `links`: name in the repository -> place.
    `every_kata`: it needs no starter of the kata; `installs_like`: file of the repository -> the stack of the same pack
    that installs its dependencies; `programs`: those that a service finds where the caller has them. In commands, path
    and links `{environment}` means that directory and `{python}` for the Python that runs the grader.
    """

    name: str
    title: str
    language: str
    requires: tuple[Requirement, ...]
    inputs: tuple[str, ...]
    install: tuple[str, ...]
    path: tuple[str, ...]
    links: Mapping[str, str]
    variables: Mapping[str, str]
    ready_seconds: float
    folder: Path
    installer: str = ""
    extend: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    locks: Mapping[str, str] = field(default_factory=dict)
    every_kata: bool = False
    installs_like: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Solution:
    """A known answer: files or edits, laid over the starter or over the solution named `over`.

    `source`: the YAML file that describes it; `stage`: the stage that it answers (None: the last).
    A flawed one says which checks it must fail (`fails`, exactly these) and the `trap` of the contract it falls into.
    """

    name: str
    kind: SolutionKind
    stack: str
    title: str
    fails: tuple[str, ...]
    trap: str
    why: str
    over: str | None
    source: Path
    edits: tuple[Edit, ...] = ()
    stage: str | None = None

    @property
    def folder(self) -> Path | None:
        """The folder of its files; None where it is written as edits."""
        return None if self.edits else self.source.parent
