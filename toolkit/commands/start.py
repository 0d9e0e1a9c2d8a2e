"""`kata start`: the starter repository of a kata."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from graders.errors import KataError, UsageError
from graders.packs.records import Kata, Stack
from graders.submission.folder import Submission, render_own_starter
from toolkit.boundary import print_error
from toolkit.completion import slugs, stacks
from toolkit.directories import expanded
from toolkit.editor import write_editor_settings
from toolkit.files import new_folder
from toolkit.history import begin_history
from toolkit.place import packs_of, settings_of, stack_meant
from toolkit.progress import open_progress
from toolkit.settings import Settings
from toolkit.starters import keep_starter
from toolkit.text import wrap
from toolkit.views.paint import Paint, paint_for
from toolkit.views.prose import pointed
from toolkit.views.steps import step_lines

EXAMPLE = """\
kata start n-plus-one
kata start n-plus-one ~/code/orders --stack node
kata start n-plus-one --stack own"""


def run(
    context: typer.Context,
    *,
    slug: Annotated[str, typer.Argument(help="Kata slug.", autocompletion=slugs)],
    directory: Annotated[Path | None, typer.Argument(help="Where to (default: ./SLUG).")] = None,
    stack: Annotated[
        str | None,
        typer.Option(
            "--stack",
            help="Language and framework; `node` and the like will do (default: the one named last).",
            autocompletion=stacks,
        ),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option("--stage", metavar="ID", help="Begin at this stage of the kata (default: the first)."),
    ] = None,
    git: Annotated[
        bool, typer.Option("--git/--no-git", help="Create a git repository, unless it is inside one.")
    ] = True,
) -> int:
    """Make the starter repository of a kata, with one git commit of it."""
    from graders.packs.curriculum import assistants_for
    from graders.packs.stages import stage_meant
    from toolkit.known_packs import remember_pack

    settings = settings_of(context)
    packs = packs_of(settings, slug)
    kata = packs.kata(slug)
    known = packs.stacks_for(kata)
    chosen = stack_meant(kata, stack or _chosen_before(known, settings), packs)
    target = expanded(directory or Path(slug))
    reached = stage_meant(kata, stage) if stage is not None else next(iter(kata.stages), None)
    submission = Submission(target.absolute(), kata, chosen, reached, assistants_for(kata, packs))
    with new_folder(target.absolute()) as folder:
        render_own_starter(replace(submission, root=folder), folder)
        write_editor_settings(folder, chosen)
        if git:
            begin_history(folder, target.absolute(), f"Start {slug}", settings.environment)
    remember_pack(kata, settings)
    _remember(replace(submission, root=target.resolve()), settings, named=stack is not None)
    print("\n".join(_in_words(target, submission, known, paint_for(settings))))
    for line in _needs(kata, chosen, settings, paint_for(settings)):
        print(line)
    return 0


def _chosen_before(known: Collection[str], settings: Settings) -> str | None:
    """The stack that was named last, if it is one of these."""
    try:
        with open_progress(settings.progress_file) as progress:
            stack = progress.chosen_stack()
    except KataError as error:
        print_error(error)
        return None
    return stack if stack in known else None


def _remember(submission: Submission, settings: Settings, *, named: bool) -> None:
    keep_starter(submission, settings)
    try:
        with open_progress(settings.progress_file) as progress:
            progress.start(submission.root, submission.kata.slug, submission.stack.name, named=named)
    except KataError as error:
        print_error(error)


def _in_words(target: Path, submission: Submission, known: Collection[str], paint: Paint) -> Iterator[str]:
    kata, stack = submission.kata, submission.stack
    yield f"{paint(paint.sign('passed'), 'green', 'bold')} {target}  {paint(stack.title, 'dim')}"
    steps = (
        (f"cd {quote(str(target))}", f"README.md is the task, about {kata.minutes} minutes"),
        ("kata open", "reads it in the terminal"),
        ("kata test", "shows what PostgreSQL sees today"),
        ("kata test --watch", "tests again after each save"),
    )
    yield from step_lines(steps, paint)
    if submission.stage is not None:
        said = f"The task comes in {len(kata.stages)} stages. `kata next` opens the next one."
        yield from (f"  {paint(line, 'dim')}" for line in wrap(said, paint.width - 2))
    if stack.every_kata:
        said = "It holds no code: the end of README.md says what kata expects of the process, Procfile starts it."
        yield from (f"  {paint(line, 'dim')}" for line in wrap(said, paint.width - 2))
    if others := [name for name in known if name != stack.name]:
        other = f"Other stacks (--stack NAME): {', '.join(others)}"
        yield from (f"  {paint(line, 'dim')}" for line in wrap(other, paint.width - 2))


def _needs(kata: Kata, stack: Stack, settings: Settings, paint: Paint) -> Iterator[str]:
    """What the machine lacks of what kata and stack need: the task can be read without it, and not tested."""
    from graders.packs.extras import require_extras
    from graders.submission.programs import check_requirement

    yield from _refusal(partial(require_extras, kata), paint)
    for requirement in stack.requires:
        refusal = list(_refusal(partial(check_requirement, requirement, settings.environment), paint))
        if refusal:
            yield from refusal
            return


def _refusal(question: Callable[[], object], paint: Paint) -> Iterator[str]:
    try:
        question()
    except UsageError as error:
        yield f"{paint(paint.sign('broken'), 'yellow', 'bold')} {error.message}"
        yield from (f"  {line}" for line in pointed(error.hint, paint, paint.width - 2))
