"""Ends before it listens and does not say why."""

raise SystemExit(1)
