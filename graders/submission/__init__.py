"""The learner's repository: its files, its dependencies, and the service that it becomes."""
