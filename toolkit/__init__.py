"""How people use kata: the command line, its views and the learner's progress."""

__version__ = "0.1.0"
