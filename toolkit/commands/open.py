"""`kata open`: the task, a page or the report, where they are best read."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.packs.records import Kata
from graders.packs.stages import brief_at
from toolkit.completion import openable
from toolkit.files import write_whole
from toolkit.place import kata_and_place, packs_of, settings_of, submission_at
from toolkit.reading import edit, page
from toolkit.settings import Settings
from toolkit.views.markdown import render_markdown
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata open
kata open report
kata open n-plus-one
kata open code"""


def run(
    context: typer.Context,
    *,
    what: Annotated[
        str,
        typer.Argument(
            metavar="brief|report|code|PAGE",
            help="The task, the last report, the repository, or a page of `kata explain`.",
            autocompletion=openable,
        ),
    ] = "brief",
    path: Annotated[
        Path | None, typer.Argument(help="The repository (default: that of the current directory).")
    ] = None,
) -> int:
    """Open the task in a pager, the report in a browser, the repository in your editor, a page in a pager.

    The pager is $PAGER, the editor $VISUAL or $EDITOR, the browser the system's or $BROWSER.
    """
    settings = settings_of(context)
    opened: Mapping[str, Callable[[Settings, Path | None], None]] = {
        "brief": _brief,
        "report": _report,
        "code": _code,
    }
    if what in opened:
        opened[what](settings, path)
    else:
        _page(what, settings)
    return 0


def _brief(settings: Settings, path: Path | None) -> None:
    kata, root = kata_and_place(str(path) if path else None, packs_of(settings, path))
    text = brief_at(kata, None) if root is None else _readme(root, kata)
    page(render_markdown(text, paint_for(settings)), settings.environment)


def _readme(root: Path, kata: Kata) -> str:
    try:
        return (root / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{root / 'README.md'} cannot be read: {error}",
            hint=f"`kata show {kata.slug} --brief` prints the task; `kata reset --only README.md` puts it back",
        ) from error


def _code(settings: Settings, path: Path | None) -> None:
    edit(submission_at(path, packs_of(settings, path)).root, settings.environment)


def _page(name: str, settings: Settings) -> None:
    from toolkit.commands.explain import pages_of

    page(pages_of(name, packs_of(settings), paint_for(settings)), settings.environment)


def _report(settings: Settings, path: Path | None) -> None:
    from toolkit.commands.report import last_report
    from toolkit.views.html import render_html

    attempt, grade, grade_context = last_report(str(path) if path else None, settings)
    file = settings.data_dir / "reports" / f"{grade.kata}-{attempt.id}.html"
    write_whole(file, render_html(grade, grade_context))
    if webbrowser.open(file.as_uri()):
        print(f"opened {file}")
    else:
        print(f"wrote {file}; no browser was found to open it in")
