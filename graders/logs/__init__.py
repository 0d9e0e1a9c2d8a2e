"""Reads PostgreSQL's logs, in any of their formats, as a stream of statements; records windows of a graded run."""
