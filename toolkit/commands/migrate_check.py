"""`kata migrate-check`: migrations run on tables in use, and what they keep waiting."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.errors import UsageError
from toolkit.choices import among
from toolkit.commands.sql import FAIL_ON, exit_code, one_of, print_page
from toolkit.completion import findings, hazards
from toolkit.place import settings_of
from toolkit.views.paint import paint_for

if TYPE_CHECKING:
    from graders.migrations.check import CheckedAll
    from toolkit.settings import Settings

EXAMPLE = """\
kata migrate-check db/migrations
kata migrate-check --schema schema.sql 0042_add_email.sql
kata migrate-check db/migrations --newest 5
kata migrate-check . --sarif          # an Alembic project"""


def run(
    context: typer.Context,
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIR|FILE…",
            help="SQL files, or the folder of a tool: Flyway, goose, Prisma, Diesel, Alembic, …",
        ),
    ] = None,
    schema: Annotated[
        list[Path] | None,
        typer.Option("--schema", metavar="FILE", help="SQL that makes what was there before."),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows that each table holds.")] = 1000,
    seconds: Annotated[
        int, typer.Option("--seconds", min=1, help="The longest that one statement may take.")
    ] = 60,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="REV|FILE", help="Judge this one and those after it."),
    ] = None,
    newest: Annotated[
        int | None, typer.Option("--newest", metavar="N", min=1, help="Judge the last N only.")
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget", metavar="SECONDS", min=1, help="Begin no migration after that; report what was seen."
        ),
    ] = None,
    one_transaction: Annotated[
        bool, typer.Option("--one-transaction", help="The tool runs each plain SQL file in one transaction.")
    ] = False,
    guess: Annotated[
        bool, typer.Option("--guess/--no-guess", help="Make up tables and columns that nobody made.")
    ] = True,
    alembic: Annotated[
        str | None, typer.Option("--alembic", metavar="COMMAND", help="How to call Alembic.")
    ] = None,
    postgres: Annotated[
        Path | None, typer.Option("--postgres", metavar="DIR", help="PostgreSQL's bin directory.")
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Only this rule; repeatable.", autocompletion=hazards)
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="RULE", help="Print the page of a rule.", autocompletion=findings),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="|".join(FAIL_ON),
            help="Which findings make the exit code 1.",
            autocompletion=among(*FAIL_ON),
        ),
    ] = "proved",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0.")] = False,
) -> int:
    """Run migrations on a throwaway PostgreSQL whose tables hold rows, while another session reads and writes.

    Migrations run as the owner of the database, not as a superuser. Findings follow from the locks that were taken
    and the rows that were read or written under them, never from the clock. A comment `kata:ignore CODE` before a
    statement accepts it. Exit code 0 where nothing is proved, 2 where a statement
    did not run and nothing else decides.
    """
    settings = settings_of(context)
    if explain is not None:
        print_page(explain, settings)
        return 0
    one_of(fail_on, FAIL_ON, "--fail-on")
    if not paths:
        raise UsageError("no migration was named", hint="kata migrate-check DIR, or one or more .sql files")
    from graders.migrations.check import CheckSettings
    from graders.migrations.selection import unwatched
    from graders.migrations.sources import load_migrations

    migrations = load_migrations(paths, wrapped=one_transaction, alembic=_words(alembic))
    chosen = CheckSettings(
        rows=rows,
        schema=tuple(schema or ()),
        guess=guess,
        seconds=float(seconds),
        unwatched=unwatched(migrations, since=since, newest=newest),
        budget=None if budget is None else float(budget),
    )
    checked = _only(_check(migrations, chosen, postgres, settings), rule or [])
    _show(checked, rows, settings, as_json=as_json, as_sarif=as_sarif)
    code = exit_code([one.confidence for one in checked.findings if not one.is_advice], fail_on)
    # An accepted finding accepts the statement that failed, not what was not judged because of it.
    return 2 if code == 0 and checked.not_judged and fail_on != "none" else code


def _words(command: str | None) -> list[str] | None:
    try:
        return shlex.split(command) if command else None
    except ValueError as error:
        raise UsageError(
            f"--alembic {command}: {error}", hint="write it as for a shell, quotes closed"
        ) from None


def _check(migrations: object, chosen: object, postgres: Path | None, settings: Settings) -> CheckedAll:
    from graders.backing.postgres import find_binaries, reap
    from graders.migrations.check import check_migrations

    reap(settings.run_dir)
    return check_migrations(
        migrations,  # type: ignore[arg-type]
        find_binaries(postgres),
        run_dir=settings.run_dir,
        settings=chosen,  # type: ignore[arg-type]
    )


def _only(checked: CheckedAll, rules: list[str]) -> CheckedAll:
    from dataclasses import replace

    if not rules:
        return checked
    kept = tuple(
        replace(one, findings=tuple(finding for finding in one.findings if finding.rule in rules))
        for one in checked.migrations
    )
    return replace(checked, migrations=kept)


def _show(checked: CheckedAll, rows: int, settings: Settings, *, as_json: bool, as_sarif: bool) -> None:
    if as_sarif:
        from toolkit import __version__
        from toolkit.finding_pages import titles_of
        from toolkit.views.sarif import render_sarif

        titles = titles_of((finding.rule for finding in checked.findings), settings)
        print(render_sarif(checked.findings, version=__version__, titles=titles))
        return
    from toolkit.views.migrations import render_checked, render_checked_json

    if as_json:
        print(render_checked_json(checked, rows))
    else:
        print(render_checked(checked, rows, paint_for(settings), verbose=settings.verbose))
