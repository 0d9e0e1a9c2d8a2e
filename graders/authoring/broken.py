"""Why a check broke: the place in the suite, the error, and what usually fixes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLACE = re.compile(r'^\s*File "(suite/[^"]+)", line (\d+)', re.MULTILINE)
_ANSWER = (
    "an answer may lack it or hold another type: assert that first, with a sentence, or read the answer with"
    " graders.suite.library.responses; if it is a row of the database, check the column's name"
)
_REMEDIES = {
    "KeyError": _ANSWER,
    "IndexError": _ANSWER,
    "TypeError": _ANSWER,
    "AttributeError": _ANSWER,
    "ValueError": "an answer may hold what cannot be converted: assert that it can, with a sentence",
    "NotImplementedError": "write the check",
    "NameError": "define or import that name in the file",
    "ModuleNotFoundError": "suites import the standard library, pytest, hypothesis, graders and their own files",
    "ImportError": "suites import the standard library, pytest, hypothesis, graders and their own files",
    "FaultError": "the fault did not take place: arm it for a message that the service certainly sends",
}


@dataclass(frozen=True, slots=True)
class BrokenCheck:
    """`place`: the innermost line of the suite, empty where none is known; `remedy` may be empty."""

    place: str
    error: str
    remedy: str

    def __str__(self) -> str:
        return f"at {self.place}: {self.error}" if self.place else self.error


def read_broken(detail: str) -> BrokenCheck:
    """What a broken check's detail (a traceback of the suite, or a sentence of the grader) says."""
    lines = detail.strip().splitlines() or ["nothing was reported"]
    last_frame = max((number for number, line in enumerate(lines) if line.startswith("  File ")), default=-1)
    # A message may have several lines; the first of them, after the frames, names the exception.
    error = next((line for line in lines[last_frame + 1 :] if not line.startswith(" ")), lines[-1])
    error = error if last_frame >= 0 else lines[-1]
    places = _PLACE.findall(detail)
    place = ":".join(places[-1]) if places else ""
    kind = error.partition(":")[0].rpartition(".")[2]
    return BrokenCheck(place, error, _REMEDIES.get(kind, ""))
