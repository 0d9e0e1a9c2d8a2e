"""Runs checks that are written in YAML: `graders.packs` reads them, this room performs their steps."""
