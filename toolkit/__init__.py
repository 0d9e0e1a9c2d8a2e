"""How people use kata: the command line, its views and the learner's progress."""
