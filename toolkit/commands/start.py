"""`kata start`: the starter repository of a kata."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from graders.packs.records import Kata, Stack
from toolkit.completion import slugs, stacks
from toolkit.directories import expanded
from toolkit.editor import write_editor_settings
from toolkit.files import new_folder
from toolkit.place import packs_of, settings_of
from toolkit.settings import Settings
from toolkit.views.paint import Paint, paint_for

EXAMPLE = """\
kata start n-plus-one
kata start n-plus-one ~/code/orders --stack python-fastapi"""


def run(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="The kata.", autocompletion=slugs)],
    directory: Annotated[Path | None, typer.Argument(help="Where to; ./SLUG if left out.")] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", help="Language and framework.", autocompletion=stacks)
    ] = None,
) -> int:
    """Make the starter repository of a kata."""
    from graders.packs.rendering import render_starter
    from toolkit.known_packs import remember_pack

    settings = settings_of(context)
    packs = packs_of(settings, slug)
    kata = packs.kata(slug)
    chosen = packs.stack_of(kata, stack)
    target = expanded(directory or Path(slug))
    with new_folder(target.absolute()) as folder:
        render_starter(kata, chosen, folder)
        write_editor_settings(folder, chosen)
    remember_pack(kata, settings)
    paint = paint_for(settings)
    print(f"{paint(paint.sign('passed'), 'green', 'bold')} {target}  {paint(chosen.title, 'dim')}")
    print(_next_steps(kata, target, paint))
    for line in _needs(kata, chosen, settings, paint):
        print(line)
    return 0


def _needs(kata: Kata, stack: Stack, settings: Settings, paint: Paint) -> Iterator[str]:
    """What the machine lacks of what kata and stack need: the task can be read without it, and not tested."""
    from graders.packs.extras import require_extras
    from graders.submission.dependencies import check_requirement

    yield from _refusal(lambda: require_extras(kata), paint)
    for requirement in stack.requires:
        refusal = tuple(_refusal(partial(check_requirement, requirement, settings.environment), paint))
        if refusal:
            yield from refusal
            return


def _refusal(question: Callable[[], object], paint: Paint) -> Iterator[str]:
    from graders.errors import UsageError

    try:
        question()
    except UsageError as error:
        yield f"{paint(paint.sign('broken'), 'yellow', 'bold')} {error.message}"
        yield f"  {paint.sign('arrow')} {error.hint}"


def _next_steps(kata: Kata, target: Path, paint: Paint) -> str:
    from shlex import quote

    steps = (
        (f"cd {quote(str(target))}", f"README.md is the task, about {kata.minutes} minutes"),
        ("kata test", "what PostgreSQL sees today"),
        ("kata test --watch", "and again after each save"),
    )
    columns = max(len(command) for command, _ in steps)
    return "\n".join(
        f"  {paint(command.ljust(columns), 'cyan')}  {paint(why, 'dim')}" for command, why in steps
    )
