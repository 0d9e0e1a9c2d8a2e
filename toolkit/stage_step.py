"""The step to the next stage of a kata: allowed once every check of the open stages passes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from graders.errors import KataError, UsageError
from graders.packs.records import Stage
from graders.packs.rendering import open_stage
from graders.packs.stages import checks_up_to, next_stage, stages_up_to
from graders.submission.folder import Submission, open_submission
from toolkit.place import packs_of
from toolkit.progress import open_progress
from toolkit.settings import Settings
from toolkit.views.paint import Paint
from toolkit.views.steps import step_lines


def stage_after(submission: Submission) -> Stage | None:
    """The stage that the repository opens next; None where all are open."""
    return next_stage(submission.kata, submission.stage) if submission.stage is not None else None


def take_step(submission: Submission, following: Stage, settings: Settings) -> None:
    """Open the stage: its brief and its open checks come into the repository, the learner's files stay.

    Raises UsageError where the last full attempt of this repository did not pass every open check.
    """
    missing = _missing(submission, settings)
    if missing:
        assert submission.stage is not None
        named = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        raise UsageError(
            f"the stage `{submission.stage.id}` is not passed yet: {named}",
            hint="`kata test` until every check passes, then `kata next`",
        )
    open_stage(
        submission.kata,
        submission.stack,
        submission.root,
        following,
        assistants=submission.assistants or "tutor",
    )


def _missing(submission: Submission, settings: Settings) -> list[str]:
    """The open checks that the last full attempt did not pass; all of them where there was none."""
    ids = [check.id for check in submission.checks]
    with open_progress(settings.progress_file) as progress:
        attempts = progress.attempts(submission.kata.slug, submission.root)
    whole = [attempt for attempt in attempts if set(ids) <= set(attempt.verdicts)]
    if not whole:
        return ids
    return [id for id in ids if whole[-1].verdicts[id][0] != "passed"]


def step_taken(submission: Submission, stage: Stage, paint: Paint) -> Iterator[str]:
    """What the learner reads after the step."""
    kata = submission.kata
    number, of = kata.stages.index(stage) + 1, len(kata.stages)
    points = sum(check.points for check in kata.checks if check.id in stage.checks)
    everything = sum(check.points for check in checks_up_to(kata, stage))
    yield f"{paint(paint.sign('passed'), 'green', 'bold')} stage {number} of {of}: {paint(stage.title, 'bold')}"
    yield f"  {len(stage.checks)} checks more, {points} points; {everything} in all stages so far"
    yield from step_lines(
        (
            ("kata open", "reads the task, which has grown"),
            ("kata test", "runs the new checks, and the earlier ones again"),
        ),
        paint,
    )


def reached(place: Path, settings: Settings) -> str:
    """The stage of the repository at `place`, as `2 of 3: Its title`; empty where the kata has no stages, or where
    the repository cannot be read."""
    with contextlib.suppress(KataError):
        submission = open_submission(place, packs_of(settings, place))
        if (stage := submission.stage) is not None:
            stages = submission.kata.stages
            return f"{stages.index(stage) + 1} of {len(stages)}: {stage.title}"
    return ""


def stage_words(submission: Submission) -> str:
    """`stage 1 of 3`; empty for a kata without stages."""
    if submission.stage is None:
        return ""
    reached = len(stages_up_to(submission.kata, submission.stage))
    return f"stage {reached} of {len(submission.kata.stages)}"
