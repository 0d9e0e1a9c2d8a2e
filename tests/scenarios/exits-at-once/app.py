"""Ends before it listens."""

import sys

print("loading settings")
sys.exit("settings: SECRET_KEY is not set")
