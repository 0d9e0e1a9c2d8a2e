"""How a recording program declares scenarios with their labels, and runs them one after another."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

Run = Callable[[str], None]
MARKER = "scenario-marker"


@dataclass(frozen=True)
class Scenario:
    """`fault`: the rule a reader should hear from, or "none"; `why`: one sentence; `debatable`: experts may differ."""

    run: Run
    fault: str
    why: str
    debatable: bool


declared: dict[str, Scenario] = {}


def faulty(why: str, fault: str = "n-plus-one", *, debatable: bool = False) -> Callable[[Run], Run]:
    """Declare that the function sends a loop that one statement could replace."""

    def keep(run: Run) -> Run:
        declared[run.__name__] = Scenario(run, fault, why, debatable)
        return run

    return keep


def sound(why: str, *, debatable: bool = False) -> Callable[[Run], Run]:
    """Declare that the function only looks like a loop over rows."""
    return faulty(why, "none", debatable=debatable)


def think(milliseconds: float = 160) -> None:
    """The pause between two requests: nobody asks for anything."""
    time.sleep(milliseconds / 1000)


def record_all(url: str) -> None:
    """Run what was declared between markers in the log; print the labels as one JSON object."""
    with psycopg.connect(url, autocommit=True, application_name=MARKER) as marker:
        for name, scenario in declared.items():
            marker.execute(f"SELECT '{MARKER} {name}'")
            scenario.run(url)
            time.sleep(0.02)
        marker.execute(f"SELECT '{MARKER} -'")
    labels = {
        name: {"fault": it.fault, "why": it.why, **({"debatable": True} if it.debatable else {})}
        for name, it in declared.items()
    }
    print(json.dumps(labels))


def main() -> None:
    record_all(sys.argv[1])
