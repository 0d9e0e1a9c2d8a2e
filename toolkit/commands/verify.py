"""`kata verify`: whether a report is the one that was signed, and whether its submission still earns it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graders.errors import UsageError
from graders.results.comparison import Difference, conditions_that_differ, results_that_differ
from graders.results.document import from_document
from graders.results.grade import Grade
from toolkit.place import settings_of
from toolkit.settings import Settings
from toolkit.signed_reports import read_report
from toolkit.text import escape

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EXAMPLE = """\
kata verify report.json --key key.pem
kata verify report.html submission.zip"""


def run(
    context: typer.Context,
    *,
    report: Annotated[Path, typer.Argument(help="A signed report, JSON or HTML.")],
    submission: Annotated[
        Path | None,
        typer.Argument(help="What was judged, a directory or an archive: it is judged again and compared."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="The signer's public key (default: your own keys)."),
    ] = None,
) -> int:
    """Check a report's signature; with the submission, judge it again with the same pack, seed and tier."""
    settings = settings_of(context)
    document = read_report(report)
    signer = _trusted(document, report, key, settings)
    from graders.results.signature import is_signed_by, key_id

    if not is_signed_by(document, signer):
        print(f"{report}: the signature does not fit. The report was changed after it was signed.")
        return 1
    grade = from_document(document)
    print(
        f"{report}: signed with the key {key_id(signer)}: {escape(grade.kata)}, {grade.score} of {grade.max}"
    )
    return 0 if submission is None else _compare(grade, submission, settings)


def _trusted(
    document: Mapping[str, Any], report: Path, key: Path | None, settings: Settings
) -> Ed25519PublicKey:
    """The key that the report must be signed with: the one that was named, or one of the user's own."""
    from graders.results.signature import key_id, signer_of
    from toolkit.keys import must_be_able_to_sign, private_key, read_public, stored_keys

    must_be_able_to_sign()
    signer = signer_of(document)
    if signer is None:
        raise UsageError(
            f"{report} is not signed", hint="`kata test --json --sign` and `kata report --sign` sign"
        )
    if key is not None:
        return read_public(key)
    for stored in stored_keys(settings):
        if stored.id == key_id(signer):
            return private_key(stored).public_key()
    raise UsageError(
        f"{report} says that it was signed with the key {key_id(signer)}, which is not one of yours",
        hint="name the signer's public key, from a source that you trust: --key FILE",
    )


def _compare(grade: Grade, submission: Path, settings: Settings) -> int:
    again = _judged_again(grade, submission, settings)
    if not again.valid:
        raise UsageError("the repetition is invalid: the grader failed", hint="run `kata verify` again")
    conditions = conditions_that_differ(grade, again)
    if conditions:
        _say("This is not a repetition of the reported run:", conditions)
        return 1 if any(one.field == "submission_digest" for one in conditions) else 2
    results = results_that_differ(grade, again)
    if results:
        _say("Judged again, the submission earns something else:", results)
        return 1
    print(
        f"Judged again with seed {grade.seed} at tier {grade.tier}: every verdict, all points and the stop are equal."
    )
    return 0


def _judged_again(grade: Grade, submission: Path, settings: Settings) -> Grade:
    from graders.grading.grader import Grader
    from toolkit.handed_in import handed_in
    from toolkit.judging import options_for
    from toolkit.sandboxes import sandbox_for

    only = [check.id for check in grade.checks] if grade.partial else []
    stage = grade.stage.id if grade.stage else None
    with handed_in(submission, grade.kata, grade.stack, settings, stage=stage) as taken:
        # In the sandbox of the report, whose signature has been checked.
        name = grade.confinement.sandbox
        sandbox = sandbox_for(settings, name, untrusted=name != "process")
        options = options_for(settings, seed=grade.seed, only=only, dataset=grade.dataset, sandbox=sandbox)
        with Grader(options) as grader:
            return grader.grade(replace(taken, assistants=grade.assistants))  # type: ignore[arg-type]


def _say(what: str, differences: Iterable[Difference]) -> None:
    print(what)
    for one in differences:
        print(f"  {escape(one.field)}: reported {escape(one.reported)}, found {escape(one.found)}")
