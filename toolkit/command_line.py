"""The command line of `kata`: it imports the module of a verb only when that verb is used."""

# ruff: noqa: ARG002 - the signatures of a group's methods are typer's

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from graders.errors import UsageError
from toolkit.choices import among
from toolkit.settings import COLORS, completes_for_a_shell, load_settings
from toolkit.verbs import INSTEAD, SAME_AS, VERBS, Verb

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
    with command.make_context(prog, hoist(_meant(arguments))) as context:
        code = command.invoke(context)
    return code if isinstance(code, int) else 0


def _meant(arguments: Sequence[str]) -> Sequence[str]:
    """`help VERB` is `VERB --help`, and so on."""
    if arguments[:1] == ["help"]:
        return [*arguments[1:], "--help"]
    return [*SAME_AS.get(arguments[0], arguments[:1]), *arguments[1:]] if arguments else arguments


def hoist(arguments: Sequence[str]) -> list[str]:
    """`arguments` with the global options moved to the front, so that they may be anywhere before `--`."""
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
        typer.Option(
            "--pack", metavar="DIR", help="A pack of katas in addition to the built-in one; repeatable."
        ),
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(
            "--color",
            metavar="|".join(COLORS),
            help="When to use colors.",
            autocompletion=among(*COLORS),
        ),
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
    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        return [verb.name for verb in self.verbs]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        verb = next((verb for verb in self.verbs if verb.name == cmd_name), None)
        if verb is None:
            return None
        return TyperCommand(verb.name, short_help=verb.summary) if self._listing else _load(verb)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            raise UsageError(f"there is no verb `{args[0]}`", hint=self._instead_of(args[0], ctx))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for section in dict.fromkeys(verb.section for verb in self.verbs):
            with formatter.section(section):
                formatter.write_dl(
                    [(verb.name, verb.summary) for verb in self.verbs if verb.section == section]
                )

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        _write_example(formatter, self.example)

    def _instead_of(self, word: str, ctx: Any) -> str:
        if self.verbs is VERBS and word in INSTEAD:
            return f"use `{ctx.command_path} {INSTEAD[word]}`"
        near = difflib.get_close_matches(word, self.list_commands(ctx), n=1, cutoff=0.5)
        if near:
            return f"did you mean `{ctx.command_path} {near[0]}`?"
        return f"`{ctx.command_path} --help` shows the verbs"

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        # Verbs are listed from the table: their modules would be imported one by one.
        self._listing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._listing = False


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
