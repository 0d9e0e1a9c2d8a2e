"""What somebody hands in, a directory or an archive, becomes a private copy that holds regular files alone."""

from graders.submission.intake.limits import IntakeLimits
from graders.submission.intake.manifest import Manifest, ManifestEntry
from graders.submission.intake.rejection import Rejected
from graders.submission.intake.taking import Intake, take_in

__all__ = ["Intake", "IntakeLimits", "Manifest", "ManifestEntry", "Rejected", "take_in"]
