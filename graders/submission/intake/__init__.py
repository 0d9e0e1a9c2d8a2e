"""What somebody hands in, a directory or an archive, becomes a private copy that holds regular files alone."""

from graders.submission.intake.limits import Limits
from graders.submission.intake.manifest import Entry, Manifest
from graders.submission.intake.rejection import Rejected
from graders.submission.intake.taking import Intake, take_in

__all__ = ["Entry", "Intake", "Limits", "Manifest", "Rejected", "take_in"]
