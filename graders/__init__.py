"""What a submission is worth: run a backend with its own PostgreSQL and judge what really happened."""

__version__ = "0.1.0"
