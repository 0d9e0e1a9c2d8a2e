"""Races and crashes on purpose: lock gates, and a proxy between service and database."""
