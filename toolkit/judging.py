"""One judged run as the verbs do it: graded under the eyes of the learner, kept, and its log written if it broke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.errors import KataError, UsageError
from graders.grading.grader import Grader, Options
from graders.packs.selection import chosen
from graders.results.document import to_document
from graders.results.grade import Grade
from graders.submission.folder import Submission
from toolkit.boundary import tell, write_log
from toolkit.editor import refresh_links
from toolkit.progress import Attempt, Progress, open_progress
from toolkit.settings import Settings
from toolkit.views.history import changes
from toolkit.views.live import live_progress
from toolkit.views.paint import paint_for


@dataclass(frozen=True, slots=True)
class Judged:
    """A grade with what surrounds it: `moved` since the last attempt, `hints` the checks that still have one."""

    grade: Grade
    log: Path | None
    moved: tuple[tuple[int, str], ...]
    hints: frozenset[str]


def options_for(
    settings: Settings,
    *,
    seed: int | None = None,
    only: Sequence[str] = (),
    world: str | None = None,
    postgres: str | None = None,
) -> Options:
    """The grader's options. `postgres`: a server's superuser URL, or the bin directory of an installation."""
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{settings.run_dir}, the place for runs, cannot be made: {error.strerror}",
            hint="make room or give access there, or let KATA_CACHE_DIR name another directory",
        ) from error
    is_url = postgres is not None and "://" in postgres
    if postgres is not None and not is_url and not Path(postgres).is_dir():
        raise UsageError(
            f"--postgres {postgres}: neither a URL nor a directory",
            hint="use postgresql://superuser:password@host:port/database, or what `pg_config --bindir` says",
        )
    return Options(
        cache=settings.cache_dir,
        runs=settings.run_dir,
        variables=settings.environment,
        seed=seed,
        only=tuple(only),
        world=world,
        postgres_url=postgres if is_url else None,
        postgres_bin=Path(postgres) if postgres is not None and not is_url else None,
    )


def judge_here(
    grader: Grader, submission: Submission, settings: Settings, *, seed: int | None = None
) -> Judged:
    """Judge the submission, show how it goes, and keep the attempt."""
    import sys

    selected = chosen(submission.kata, grader.options.only)
    titles = {check.id: check.title for check in submission.kata.checks if check.id in selected}
    with live_progress(titles, paint_for(settings, sys.stderr)) as progress:
        grade = grader.grade(submission, progress=progress, seed=seed)
    refresh_links(submission, settings)
    log = _log_of(grade)
    before, hints = _kept(grade, submission, settings)
    after = {check.id: (check.verdict, check.points) for check in grade.checks}
    moved = tuple(changes(before.verdicts, after)) if before else ()
    return Judged(grade, log, moved, hints)


def _kept(grade: Grade, submission: Submission, settings: Settings) -> tuple[Attempt | None, frozenset[str]]:
    """Keep the attempt; the one to compare it with, and the checks that still have a hint to give.

    A record that cannot be used is said on stderr, and costs nobody the result of a run.
    """
    try:
        with open_progress(settings.progress_file) as record:
            before = last_comparable(record, submission)
            record.record(to_document(grade), submission.root)
            return before, record.hints_left(submission.kata)
    except KataError as error:
        tell(error)
        return None, frozenset(id for id, ladder in submission.kata.hints.items() if ladder)


def last_comparable(record: Progress, submission: Submission) -> Attempt | None:
    """The last attempt in this repository that can be compared with: all checks run, none broken."""
    earlier = [
        attempt for attempt in record.attempts(submission.kata.slug, submission.root) if attempt.counts
    ]
    return earlier[-1] if earlier else None


def _log_of(grade: Grade) -> Path | None:
    broken = [check for check in grade.checks if check.verdict == "broken"]
    if not broken:
        return None
    facts = (
        f"{grade.kata} on {grade.stack}, pack {grade.pack_digest}, seed {grade.seed}, {dict(grade.versions)}"
    )
    parts = [f"{check.id}\n{check.message}\n{check.detail}" for check in broken]
    return write_log("\n\n".join((facts, *parts)), name=grade.kata)
