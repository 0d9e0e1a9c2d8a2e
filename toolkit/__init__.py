"""How people use kata: the command line, its views and the learner's progress."""

from graders import __version__

__all__ = ["__version__"]
