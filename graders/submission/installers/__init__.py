"""What is known of each package installer: which files decide, whose settings count, what its errors are about."""

from graders.submission.installers.base import IndexSettings, Inputs, Installer
from graders.submission.installers.generic import Generic
from graders.submission.installers.npm import Npm
from graders.submission.installers.pip import Pip

__all__ = ["IndexSettings", "Inputs", "Installer", "installer_of"]


def installer_of(name: str) -> Installer:
    """The installer that a stack names (`pip`, `npm`); one that knows nothing in particular for any other."""
    known: dict[str, Installer] = {"pip": Pip(), "npm": Npm()}
    return known.get(name) or Generic()
