"""Packs: folders of katas, content and skeletons, read into records and rendered to repositories."""
