"""`kata report`: an attempt again, in another form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from graders.errors import KataError, UsageError
from graders.packs.loader import Packs
from graders.packs.records import Kata
from graders.results.grade import Grade
from toolkit.completion import check_ids, slugs
from toolkit.files import write_whole
from toolkit.notes import note
from toolkit.place import kata_and_place, packs_of, settings_of
from toolkit.progress import Attempt, Progress, open_progress
from toolkit.record import earlier_attempts
from toolkit.settings import Settings
from toolkit.views.grade_context import GradeContext

EXAMPLE = """\
kata report
kata report --only orders-cost-is-flat
kata report --html report.html
kata report --json | jq .score"""


def run(
    context: typer.Context,
    *,
    kata: Annotated[
        str | None,
        typer.Argument(
            help="A kata, a repository, or the file of a report (default: that of the current directory, else tried"
            " last).",
            autocompletion=slugs,
        ),
    ] = None,
    attempt: Annotated[
        int | None,
        typer.Option(
            "--attempt", min=1, help="Its number (kata status --json); default: the last one of all checks."
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every failure in full, not only the first.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="CHECK", help="Show this check in full; repeatable.", autocompletion=check_ids
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML page.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a table.")] = None,
    sign: Annotated[
        bool, typer.Option("--sign", help="Sign the JSON and what the page carries (`kata keys new`).")
    ] = False,
    key: Annotated[
        str | None, typer.Option("--key", metavar="ID", help="With --sign: the start of the key's id.")
    ] = None,
) -> int:
    """The last attempt that ran all checks, as text, JSON, HTML, JUnit or CSV."""
    settings = settings_of(context)
    if sign and not (as_json or html):
        raise UsageError("--sign signs JSON and HTML", hint="add --json or --html FILE")
    document = None
    if kata is not None and _is_report(kata):
        grade, grade_context, document = _from_file(Path(kata))
    else:
        _, grade, grade_context = last_report(kata, settings, attempt)
    if sign:
        from toolkit.signed_reports import sign as signed

        document = signed(grade, key, settings)
    written = _write(grade, grade_context, document, html=html, junit=junit, csv=csv)
    if as_json:
        print(_json(grade, document))
    elif written:
        print("\n".join(f"wrote {path}" for path in written))
    else:
        from toolkit.views.paint import paint_for
        from toolkit.views.terminal import render_grade

        shown = _only(grade, only or ())
        full = everything or bool(only)
        print(
            render_grade(shown, paint_for(settings), grade_context, verbose=settings.verbose, everything=full)
        )
    return 0


def _is_report(name: str) -> bool:
    """Whether it names a report's file, and no kata."""
    return Path(name).suffix in (".json", ".html") and Path(name).is_file()


def _from_file(path: Path) -> tuple[Grade, GradeContext, dict[str, Any] | None]:
    """The grade in a file, and its document where that is signed."""
    from graders.results.document import from_document
    from graders.results.signature import MEMBER
    from toolkit.signed_reports import read_report

    document = read_report(path)
    return from_document(document), GradeContext(), document if MEMBER in document else None


def _json(grade: Grade, document: Mapping[str, Any] | None) -> str:
    if document is not None:
        from toolkit.signed_reports import as_text

        return as_text(document)
    from graders.results.document import render_json

    return render_json(grade)


def last_report(
    kata: str | None, settings: Settings, number: int | None = None
) -> tuple[Attempt, Grade, GradeContext]:
    """Attempt `number`, or the last one that ran all checks, with what surrounds it.

    Which one it is goes to stderr where a later one ran only some checks.
    """
    packs = packs_of(settings, kata)
    with open_progress(settings.progress_file) as progress:
        attempts = _attempts(kata, progress, packs)
        found = _find(attempts, number)
        grade = found.grade
        grade_context = _context_of(found, grade, attempts, progress, packs)
    _say_which(found, attempts)
    return found, grade, grade_context


def _write(
    grade: Grade,
    grade_context: GradeContext,
    signed: Mapping[str, Any] | None,
    *,
    html: Path | None,
    junit: Path | None,
    csv: Path | None,
) -> list[Path]:
    if html is not None:
        from toolkit.signed_reports import embedded
        from toolkit.views.html import render_html

        write_whole(html, render_html(grade, grade_context, embedded(signed) if signed else ""))
    if junit is not None:
        from toolkit.views.junit import render_junit

        write_whole(junit, render_junit(grade))
    if csv is not None:
        from toolkit.views.csv import render_csv

        write_whole(csv, render_csv(grade))
    return [path for path in (html, junit, csv) if path is not None]


def _attempts(name: str | None, progress: Progress, packs: Packs) -> tuple[Attempt, ...]:
    """Those of the kata that was named, or of the repository of the current directory, or all outside of one."""
    try:
        kata, place = kata_and_place(name, packs)
    except KataError:
        if name is not None:
            raise
        return progress.attempts()
    attempts = progress.attempts(kata.slug, place)
    if not attempts and place is not None and progress.attempts(kata.slug):
        raise UsageError(
            f"{place} has no attempt yet",
            hint=f"`kata test` makes one; `kata report {kata.slug}` shows the last one of another repository",
        )
    return attempts


def _find(attempts: Sequence[Attempt], number: int | None) -> Attempt:
    if not attempts:
        raise UsageError("there is no attempt yet", hint="run `kata test` in the repository of a kata")
    if number is None:
        whole = [attempt for attempt in attempts if not attempt.partial]
        return (whole or attempts)[-1]
    for attempt in attempts:
        if attempt.id == number:
            return attempt
    raise UsageError(f"there is no attempt {number} here", hint=f"the last one is {attempts[-1].id}")


def _say_which(found: Attempt, attempts: Sequence[Attempt]) -> None:
    later = [attempt for attempt in attempts if attempt.id > found.id and attempt.partial]
    if later:
        when = found.at.astimezone().strftime("%Y-%m-%d %H:%M")
        note(
            f"attempt {found.id} of {when}, the last one that ran all checks;"
            f" --attempt {later[-1].id} shows the last one"
        )


def _context_of(
    found: Attempt, grade: Grade, attempts: Sequence[Attempt], progress: Progress, packs: Packs
) -> GradeContext:
    before = [one for one in attempts if one.id < found.id and one.repository == found.repository]
    kata = _kata_of(found, packs)
    return earlier_attempts(progress, before, kata, found.repository).context_of(grade, kata, packs)


def _kata_of(attempt: Attempt, packs: Packs) -> Kata | None:
    try:
        return packs.kata(attempt.kata)
    except KataError:
        # The pack that it came from is not here any more; the report is.
        return None


def _only(grade: Grade, ids: Sequence[str]) -> Grade:
    if not ids:
        return grade
    known = [check.id for check in grade.checks]
    for id in ids:
        if id not in known:
            near = get_close_matches(id, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"it has: {', '.join(known)}"
            raise UsageError(f"this attempt has no check `{id}`", hint=hint)
    return replace(grade, checks=tuple(check for check in grade.checks if check.id in ids), partial=True)
