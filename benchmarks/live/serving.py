"""The loop that every Python program of the live benchmark runs: one JSON request a line, one answer a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def serve(scenarios: Mapping[str, Callable[..., Any]]) -> None:
    """Answer `{"do": name, ...arguments}` lines from standard input until it ends; the first line lists the names."""
    print(json.dumps(sorted(scenarios)), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            scenarios[request.pop("do")](**request)
            print(json.dumps({"ok": True}), flush=True)
        except Exception as error:  # A refused canary is an answer too.
            print(json.dumps({"ok": False, "error": f"{type(error).__name__}: {error}"}), flush=True)
