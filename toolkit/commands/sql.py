"""`kata sql`: what the rules find in anybody's PostgreSQL log."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.errors import UsageError
from toolkit.choices import among
from toolkit.completion import findings, rules
from toolkit.place import settings_of
from toolkit.sql_schema import check_needs, check_tenant, read_schema
from toolkit.views.paint import paint_for

if TYPE_CHECKING:
    from graders.logs.analysis import Analysis
    from graders.logs.reader import Log
    from graders.sql.catalog import Catalog
    from toolkit.settings import Settings

EXAMPLE = """\
kata sql /var/log/postgresql/postgresql.json
kata sql --prefix '%m [%p] %q%u@%d ' postgresql.log
zcat old.json.gz | kata sql - --json
kata sql --schema schema.sql --tenant tenant_id postgresql.json
kata sql --explain n-plus-one"""

FAIL_ON = ("proved", "suspected", "none")
_GROUPS = ("auto", "session", "application", "trace")


def run(
    context: typer.Context,
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…|-", help="Logs, rotated ones in any order; - for stdin."),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", help="The log_line_prefix of a plain log (SHOW log_line_prefix)."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="|".join(_GROUPS),
            help="What makes statements one request.",
            autocompletion=among(*_GROUPS),
        ),
    ] = "auto",
    gap: Annotated[
        float, typer.Option("--gap", min=0.0, metavar="MS", help="A pause of a session that ends a request.")
    ] = 100.0,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Only this rule; repeatable.", autocompletion=rules)
    ] = None,
    schema: Annotated[
        list[str] | None,
        typer.Option(
            "--schema",
            metavar="FILE|URL",
            help="The tables: SQL such as pg_dump --schema-only, or a database.",
        ),
    ] = None,
    tenant: Annotated[
        str,
        typer.Option(
            "--tenant", metavar="COLUMN", help="The column that says whose a row is; needs --schema."
        ),
    ] = "",
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
    ] = "suspected",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0.")] = False,
) -> int:
    """What the rules find in a PostgreSQL log: jsonlog, csvlog, plain, auto_explain, or kata's own.

    Exit code 0 without findings, 1 with, 2 for a log that cannot be read.
    """
    settings = settings_of(context)
    if explain is not None:
        print_page(explain, settings)
        return 0
    paths = _checked(files, fail_on, by)
    check_needs(rule or [], schema=bool(schema), tenant=bool(tenant))
    catalog = read_schema(schema, settings) if schema else None
    if tenant:
        check_tenant(tenant, catalog)
    analysis, log = _analyse(paths, prefix, by, gap, rule or [], catalog, tenant)
    if as_sarif:
        print(_sarif(analysis, settings))
    elif as_json:
        from toolkit.views.sql import render_analysis_json

        print(render_analysis_json(analysis, log.notebook, log.assembler.counts))
    else:
        from toolkit.views.sql import render_analysis

        names = [str(path) for path in paths]
        view = render_analysis(
            analysis,
            log.notebook,
            log.assembler.counts,
            names,
            paint_for(settings),
            schema=catalog is not None,
            tenant=bool(tenant),
            verbose=settings.verbose,
        )
        print(view)
    return exit_code([one.finding.confidence for one in analysis.findings], fail_on)


def exit_code(confidences: list[str], fail_on: str) -> int:
    """1 where a finding is at least as sure as asked."""
    enough = {"proved": ("proved",), "suspected": ("proved", "suspected"), "none": ()}[fail_on]
    return 1 if any(confidence in enough for confidence in confidences) else 0


def one_of(value: str, choices: tuple[str, ...], option: str) -> str:
    """`value` if it is a choice. Raises UsageError."""
    if value not in choices:
        raise UsageError(f"{option} {value}: no such choice", hint=f"use one of {', '.join(choices)}")
    return value


def _checked(files: list[Path] | None, fail_on: str, by: str) -> list[Path]:
    one_of(fail_on, FAIL_ON, "--fail-on")
    one_of(by, _GROUPS, "--by")
    if not files:
        raise UsageError("no log was named", hint="kata sql FILE, or - to read standard input")
    return files


def _analyse(
    paths: list[Path],
    prefix: str | None,
    by: str,
    gap: float,
    rules: list[str],
    catalog: Catalog | None,
    tenant: str,
) -> tuple[Analysis, Log]:
    from graders.logs.analysis import analyse
    from graders.logs.reader import Log
    from graders.logs.source import total_size
    from toolkit.meter import Meter

    # Records by the million, hardly a cycle among them: looking for garbage less often saves a tenth of the time.
    gc.set_threshold(50_000, 20, 50)
    with Meter(total_size(paths), sys.stderr) as meter:
        log = Log(paths, prefix, meter.advance)
        analysis = analyse(
            log.statements(),
            by=by,  # type: ignore[arg-type]
            gap=gap / 1000,
            rules=rules,
            catalog=catalog,
            tenant=tenant,
        )
    return analysis, log


def _sarif(analysis: Analysis, settings: Settings) -> str:
    from toolkit import __version__
    from toolkit.finding_pages import titles_of
    from toolkit.views.sarif import render_sarif

    findings = [one.finding for one in analysis.findings]
    titles = titles_of((finding.rule for finding in findings), settings)
    return render_sarif(findings, version=__version__, titles=titles)


def print_page(rule: str, settings: Settings) -> None:
    """Show what a rule is about."""
    from toolkit.finding_pages import page_of
    from toolkit.views.page import render_finding_page

    print(render_finding_page(rule, page_of(rule, settings), paint_for(settings)))
