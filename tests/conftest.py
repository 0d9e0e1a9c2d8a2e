"""What holds for every test: examples are searched without a clock, since the machine may be busy with anything."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
