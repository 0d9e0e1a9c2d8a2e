"""The verbs of `kata`: a table, and a command line that imports a verb's module only when it is used.

To add a verb: a line in `VERBS` and a module in `toolkit/commands/` with a function `run`, whose docstring is the
help text, and a text `EXAMPLE`.
"""

# ruff: noqa: ARG002 - the signatures of a group's methods are typer's

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from graders.errors import UsageError
from toolkit.settings import COLORS, completes_for_a_shell, load_settings


@dataclass(frozen=True, slots=True)
class Verb:
    """One line of the table: `module` is relative to toolkit.commands; a group has `verbs` instead.

    `runs_services`: it starts foreign code, which needs POSIX.
    """

    name: str
    module: str
    summary: str
    section: str
    runs_services: bool = False
    verbs: tuple[Verb, ...] = ()


VERBS = (
    Verb("list", "list", "The katas there are, with your best result of each.", "Learn"),
    Verb("show", "show", "One kata: what it is about and what it checks.", "Learn"),
    Verb("start", "start", "Make the starter repository of a kata.", "Learn"),
    Verb(
        "test", "test", "Run the service beside its own PostgreSQL and judge it.", "Learn", runs_services=True
    ),
    Verb(
        "serve",
        "serve",
        "Run the service and its seeded database, for curl and psql.",
        "Learn",
        runs_services=True,
    ),
    Verb(
        "env",
        "env",
        "The interpreter and the packages of a repository, for an editor.",
        "Learn",
        runs_services=True,
    ),
    Verb("hint", "hint", "The next hint for a check.", "Learn"),
    Verb("explain", "explain", "What a kata, a check or a finding is about.", "Learn"),
    Verb("solution", "solution", "A known solution and its reasons, after 100 points.", "Learn"),
    Verb("reset", "reset", "Put the starter's files back; yours are kept.", "Learn"),
    Verb("status", "status", "Your attempts, the best one, what changed since the last.", "Learn"),
    Verb("report", "report", "The last attempt as text, JSON, HTML, JUnit or CSV.", "Learn"),
    Verb("sql", "sql", "What the rules find in a PostgreSQL log.", "SQL"),
    Verb(
        "migrate-check",
        "migrate_check",
        "Run migrations on tables in use and say what they block.",
        "SQL",
        runs_services=True,
    ),
    Verb("doctor", "doctor", "What kata found on this machine, and what is missing.", "This machine"),
    Verb(
        "demo",
        "demo",
        "The whole round in a temporary directory: red, mended, green.",
        "This machine",
        runs_services=True,
    ),
    Verb(
        "author",
        "",
        "Write katas and prove that they are right.",
        "Write katas",
        verbs=(
            Verb(
                "new", "author_new", "The folder of a new kata, with the work that is left marked.", "Write"
            ),
            Verb(
                "solution",
                "author_solution",
                "Write a known solution as edits, or render it to edit it.",
                "Write",
            ),
            Verb("diff", "author_diff", "What a known solution changes.", "Write"),
            Verb("try", "author_try", "Judge one solution and show all of it.", "Prove", runs_services=True),
            Verb(
                "check",
                "author_check",
                "Prove a kata: every solution against every check.",
                "Prove",
                runs_services=True,
            ),
            Verb(
                "flake",
                "author_flake",
                "Repeat runs and name every verdict that ever differs.",
                "Prove",
                runs_services=True,
            ),
        ),
    ),
)

HELP = "Hands-on backend exercises, judged on a running service and the SQL it really sent."
EXAMPLE = """\
kata list
kata start n-plus-one
cd n-plus-one && kata test"""

# Options that belong to `kata` and are understood after the verb too, with the number of values each takes.
_GLOBAL = {"--pack": 1, "--color": 1, "--verbose": 0}


def run_verb(arguments: Sequence[str], *, prog: str = "kata") -> int:
    """Run the verb that `arguments` (without the program's name) ask for; its exit code."""
    command = command_line()
    if completes_for_a_shell():
        command.main(list(arguments), prog_name=prog)
    with command.make_context(prog, hoist(arguments)) as context:
        code = command.invoke(context)
    return code if isinstance(code, int) else 0


def hoist(arguments: Sequence[str]) -> list[str]:
    """`arguments` with the global options moved to the front, so that they may stand anywhere before `--`."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            return [*front, *rest, argument, *waiting]
        name, equals, _ = argument.partition("=")
        if name not in _GLOBAL:
            rest.append(argument)
            continue
        values = 0 if equals else min(_GLOBAL[name], len(waiting))
        front += [argument, *waiting[:values]]
        del waiting[:values]
    return front + rest


def command_line() -> TyperGroup:
    """The whole command line, its verbs not yet imported."""
    app = typer.Typer(
        cls=LazyGroup,
        name="kata",
        help=HELP,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_common)
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    group.verbs = VERBS
    group.example = EXAMPLE
    return group


def _print_version(asked: bool) -> None:
    if asked:
        from toolkit import __version__

        print(f"kata {__version__}")
        raise typer.Exit


def _common(
    context: typer.Context,
    pack: Annotated[
        list[Path] | None,
        typer.Option("--pack", metavar="DIR", help="A pack of katas beside the built-in one; repeatable."),
    ] = None,
    color: Annotated[
        str | None, typer.Option("--color", metavar="|".join(COLORS), help="When to paint the output.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="More detail: phases, all evidence, findings.")
    ] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", help="Print the version and end.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    if color is not None and color not in COLORS:
        raise UsageError(f"--color {color}: no such choice", hint=f"use one of {', '.join(COLORS)}")
    context.obj = load_settings(packs=pack or (), color=color, verbose=verbose)


class LazyGroup(TyperGroup):
    """A group that knows its verbs by name and summary, and imports one when it is run."""

    verbs: tuple[Verb, ...] = ()
    example: str = ""

    def list_commands(self, ctx: Any) -> list[str]:
        return [verb.name for verb in self.verbs]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        verb = next((verb for verb in self.verbs if verb.name == cmd_name), None)
        return None if verb is None else _load(verb)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1, cutoff=0.5)
            hint = (
                f"did you mean `{ctx.command_path} {near[0]}`?"
                if near
                else f"`{ctx.command_path} --help` shows the verbs"
            )
            raise UsageError(f"there is no verb `{args[0]}`", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for section in dict.fromkeys(verb.section for verb in self.verbs):
            with formatter.section(section):
                formatter.write_dl(
                    [(verb.name, verb.summary) for verb in self.verbs if verb.section == section]
                )

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        _write_example(formatter, self.example)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        from typer._click.shell_completion import CompletionItem

        found = [
            CompletionItem(verb.name, help=verb.summary)
            for verb in self.verbs
            if verb.name.startswith(incomplete)
        ]
        # The options of the group itself; the verbs of the class above would be imported one by one.
        return found + super(TyperGroup, self).shell_complete(ctx, incomplete)


class _VerbCommand(TyperCommand):
    """A verb; its help ends with an example that can be pasted."""

    example: str = ""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        _write_example(formatter, self.example)


def _write_example(formatter: Any, example: str) -> None:
    if not example:
        return
    with formatter.section("Example" if "\n" not in example else "Examples"):
        for line in example.splitlines():
            formatter.write(f"  {line}\n")


def _load(verb: Verb) -> Any:
    if verb.verbs:
        return _load_group(verb)
    if verb.runs_services and os.name == "nt":
        raise UsageError(
            f"`kata {verb.name}` runs on Linux and macOS", hint="`kata doctor` says how on Windows"
        )
    module = import_module(f"toolkit.commands.{verb.module}")
    app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
    app.command(verb.name, cls=_VerbCommand)(module.run)
    command = typer.main.get_command(app)
    assert isinstance(command, _VerbCommand)
    command.example = module.EXAMPLE
    return command


def _load_group(verb: Verb) -> LazyGroup:
    app = typer.Typer(
        cls=LazyGroup,
        name=verb.name,
        help=verb.summary,
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    app.callback()(_nothing)
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    group.verbs = verb.verbs
    return group


def _nothing() -> None:
    pass
