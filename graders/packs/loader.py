"""Packs: folders of katas, content and skeletons, read into records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from graders.errors import PackError, UsageError
from graders.packs import placeholders
from graders.packs.extras import EXTRAS
from graders.packs.index import SLUG, find_katas, find_stacks
from graders.packs.manifest import check_format, slug_of
from graders.packs.records import (
    Check,
    Dataset,
    Environment,
    Kata,
    Stack,
    Visibility,
)
from graders.packs.stacks import load_stack, preferred_stacks
from graders.packs.stages import read_stages
from graders.packs.yaml_source import Section, read_yaml


class Packs:
    """The built-in pack and any others, searched by slug. Katas are read when they are asked for."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self._katas = find_katas(roots)
        self._stacks = find_stacks(roots)

    def slugs(self) -> tuple[str, ...]:
        return tuple(sorted(self._katas))

    def katas(self) -> tuple[Kata, ...]:
        return tuple(self.kata(slug) for slug in self.slugs())

    def kata(self, slug: str) -> Kata:
        """The kata of that slug. Raises UsageError, with the nearest slug, where there is none."""
        if slug not in self._katas:
            raise UsageError(f"there is no kata `{slug}`", hint=_nearest(slug, self._katas, "kata list"))
        place = self._katas[slug]
        kata = load_kata(place.folder)
        return replace(kata, additions=place.additions) if place.additions else kata

    def stack_names(self) -> tuple[str, ...]:
        return tuple(sorted(self._stacks))

    def stacks(self) -> tuple[Stack, ...]:
        return tuple(load_stack(self._stacks[name]) for name in self.stack_names())

    def stack(self, name: str) -> Stack:
        if name not in self._stacks:
            raise UsageError(f"there is no stack `{name}`", hint=_nearest(name, self._stacks, "kata doctor"))
        return load_stack(self._stacks[name])

    def stack_of(self, kata: Kata, name: str | None) -> Stack:
        """The stack of that name if the kata has a starter for it or needs none; the first of its stacks for None."""
        if not kata.stacks:
            raise PackError("has no starter", path=kata.folder / "starter", hint="add starter/<stack>/")
        if name is None:
            return self.stack(next(one for one in self._by_preference(kata) if one in kata.stacks))
        known = self.stacks_for(kata)
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1)
            wanted = f"did you mean `{near[0]}`? " if near else ""
            own = next((one for one in known if one not in kata.stacks), None)
            brought = f"`--stack {own}` makes a repository without code" if own else "replace one's files"
            raise UsageError(
                f"the kata `{kata.slug}` has no starter for the stack `{name}`",
                hint=f"{wanted}it has: {', '.join(kata.stacks)}; for another framework or language, {brought}:"
                " see “Bring your own framework” in docs/learn.md",
            )
        return self.stack(name)

    def stacks_for(self, kata: Kata) -> tuple[str, ...]:
        """The stacks that the kata has a starter for, then those for every kata."""
        neutral = (name for name in self.stack_names() if name not in kata.stacks and self._is_neutral(name))
        return (*kata.stacks, *neutral)

    def _is_neutral(self, name: str) -> bool:
        # Whoever asks for this stack, and not for another one, hears of the mistake in it.
        with suppress(PackError):
            return self.stack(name).every_kata
        return False

    def default_stack(self) -> Stack:
        """The stack that the packs prefer for a new kata. Raises PackError where there is none at all."""
        order = (*self._preferred(), *self.stack_names())
        for name in order:
            if name in self._stacks:
                return self.stack(name)
        raise PackError("has no stack", path=self.roots[0], hint="add skeletons/<stack>/stack.yaml")

    def _by_preference(self, kata: Kata) -> tuple[str, ...]:
        """Names of stacks, the one to take first: those that the kata's own pack prefers, then any other pack."""
        own = preferred_stacks(kata.folder.parent.parent)
        return (*own, *self._preferred(), *kata.stacks)

    def _preferred(self) -> tuple[str, ...]:
        return tuple(name for root in self.roots for name in preferred_stacks(root))

    def content(self, *parts: str) -> Path | None:
        """The first pack's file content/<parts>, or None."""
        for root in self.roots:
            path = root.joinpath("content", *parts)
            if path.is_file():
                return path
        return None


def open_packs(roots: Sequence[Path] = ()) -> Packs:
    """The built-in pack followed by `roots`, each folder once, however often it is named and by any path.

    Raises PackError for a folder that is not a pack and for name clashes.
    """
    distinct = {builtin_pack().resolve(): builtin_pack()}
    for root in roots:
        if not any((root / name).is_dir() for name in ("katas", "skeletons", "content")):
            raise PackError(
                "is not a pack: it has neither katas/ nor skeletons/ nor content/",
                path=root,
                hint="name the folder that holds katas/<slug>/kata.yaml",
            )
        distinct.setdefault(root.resolve(), root)
    return Packs(tuple(distinct.values()))


def builtin_pack() -> Path:
    """The pack inside the installed wheel, or the checkout's own folders."""
    package = Path(__file__).parent.parent
    inside = package / "_pack"
    return inside if inside.is_dir() else package.parent


def _nearest(name: str, known: Iterable[str], listing: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean `{near[0]}`?" if near else f"`{listing}` shows what there is"


@cache
def load_kata(folder: Path) -> Kata:
    """The kata in that folder. Raises PackError with file, line and key."""
    if not (folder / "kata.yaml").is_file():
        raise PackError(
            "is missing",
            path=folder / "kata.yaml",
            hint="write it; a folder that adds starters to the kata of another pack needs that pack as well (`--pack`)",
        )
    top = read_yaml(folder / "kata.yaml")
    top.only(
        (
            "format",
            "slug",
            "title",
            "level",
            "minutes",
            "summary",
            "skills",
            "environment",
            "checks",
            "hints",
            "traps",
            "starter",
            "stages",
        )
    )
    check_format(top)
    slug = slug_of(top, "slug", folder.name)
    checks = tuple(_check(section) for section in top.sections("checks", required=True))
    hints = _hints(top, [check.id for check in checks])
    return Kata(
        slug=slug,
        title=top.text("title"),
        level=top.choice("level", ("intro", "core", "advanced")),
        minutes=top.integer("minutes", least=1, most=6000),
        summary=top.text("summary"),
        skills=top.texts("skills", required=True),
        environment=_environment(top.section("environment")),
        checks=checks,
        hints=hints,
        traps=top.texts("traps"),
        starter_fails=_starter_fails(top.section("starter")),
        folder=folder,
        stages=read_stages(top, checks),
    )


def _check(section: Section) -> Check:
    section.only(("id", "points", "visibility", "title", "feedback", "needs"))
    id = section.text("id")
    if not SLUG.fullmatch(id):
        section.fail("id", f"`{id}` is not a valid check id", "use small letters, digits and single hyphens")
    visibility: Visibility = (
        "open" if section.choice("visibility", ("open", "sealed")) == "open" else "sealed"
    )
    return Check(
        id=id,
        points=section.integer("points", least=1, most=100),
        visibility=visibility,
        title=section.text("title"),
        feedback=section.text("feedback").strip(),
        needs=section.texts("needs"),
    )


def _hints(top: Section, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    section = top.section("hints")
    if section is None:
        return {}
    section.only(ids)
    return {id: section.texts(id) for id in section.keys()}  # noqa: SIM118 - a Section is not a mapping


def _environment(section: Section | None) -> Environment:
    if section is None:
        return Environment()
    section.only(("variables", "datasets", "worlds", "extensions", "extras", "durable", "ready_seconds"))
    if section.has("datasets") and section.has("worlds"):
        section.fail("worlds", "`worlds` is the old name of `datasets`", "keep `datasets` alone")
    # The name in older packs.
    datasets = section.section("datasets") or section.section("worlds")
    ready = section.integer("ready_seconds", 0)
    return Environment(
        variables=placeholders.texts(section.section("variables")),
        datasets=tuple(Dataset(name, datasets.integer(name, least=1)) for name in datasets.keys())  # noqa: SIM118
        if datasets
        else (Dataset("small", 1),),
        extensions=section.texts("extensions"),
        extras=_extras(section),
        durable=section.flag("durable"),
        ready_seconds=float(ready) if ready else None,
    )


def _extras(section: Section) -> tuple[str, ...]:
    extras = section.texts("extras")
    for name in extras:
        if name not in EXTRAS:
            section.fail("extras", f"`{name}` is not an extra of kata", f"known extras: {', '.join(EXTRAS)}")
    return extras


def _starter_fails(section: Section | None) -> tuple[str, ...]:
    if section is None:
        return ()
    section.only(("fails",))
    return section.texts("fails", required=True)


def digest_of(kata: Kata, stack: Stack) -> str:
    """What a grade was made with: SHA-256 (hex) over everything of the kata but its solutions."""
    import hashlib

    digest = hashlib.sha256()
    starter = kata.starter(stack.name)
    added = starter is not None and not starter.is_relative_to(kata.folder)
    for base in (kata.folder, stack.folder, *((starter,) if starter is not None and added else ())):
        for path in sorted(base.rglob("*")):
            inside = path.relative_to(base)
            if (
                inside.parts[0] in ("solutions", "proof.json", "scaffold")
                or "__pycache__" in inside.parts
                or not path.is_file()
            ):
                continue
            digest.update(f"{inside.as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
