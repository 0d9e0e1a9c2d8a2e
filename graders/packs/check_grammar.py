"""The grammar of checks in YAML: the records of their steps, and which keys each verb takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
REQUESTS = (*METHODS, "request")
# What a request may carry in addition to its method and path.
REQUEST_KEYS = ("json", "body", "form", "headers", "params", "deadline", "on")
_ANSWER_KEYS = ("expect", "keep")
EXPECT_ANSWER = ("status", "type", "headers", "json", "text", "problem", "values")

# Mappings of these keys are matchers; any other mapping means an object that must be equal.
MATCHERS = (
    "matches",
    "any_of",
    "all_of",
    "type",
    "at_least",
    "at_most",
    "absent",
    "same_as",
    "not",
    "length",
    "contains",
    "includes",
    "each",
    "instant",
)
TYPES = ("string", "integer", "number", "boolean", "null", "array", "object")


@dataclass(frozen=True, slots=True)
class VerbGrammar:
    """What a verb is written with.

    `options`: keys next to it; `keys`: keys of its argument where that is a mapping (None: any value); `steps`: those
    of `keys` that hold steps; `required`: those of `keys` that must be there; `request`: the argument may also have
    a method (`post: /path`) and what a request carries.
    """

    options: tuple[str, ...] = ()
    keys: tuple[str, ...] | None = None
    steps: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    request: bool = False


VERBS: Mapping[str, VerbGrammar] = {
    **{method: VerbGrammar((*REQUEST_KEYS, *_ANSWER_KEYS)) for method in METHODS},
    "request": VerbGrammar((*REQUEST_KEYS, *_ANSWER_KEYS), ("method", "path"), required=("method", "path")),
    "sql": VerbGrammar(("expect", "keep")),
    "growth": VerbGrammar(
        (), ("of", "over", "tables", "max_slope", "slack", "per"), required=("of", "over"), request=True
    ),
    "recorded": VerbGrammar(
        (),
        (
            "during",
            "statements",
            "rows_sent",
            "bytes_sent",
            "buffers",
            "rows_read",
            "transactions",
            "findings",
        ),
        steps=("during",),
        required=("during",),
    ),
    "race": VerbGrammar(
        ("expect", "keep"),
        ("times", "requests", "hold", "instances", "in_turn", "while_held", "timeout"),
        steps=("while_held",),
        request=True,
    ),
    "send": VerbGrammar((), ("times", "name"), request=True),
    "rounds": VerbGrammar((), ("plain", "steps"), steps=("steps",), required=("steps",)),
    "restart": VerbGrammar((), ("variables", "on")),
    "kill": VerbGrammar((), ("on",)),
    "stop": VerbGrammar((), ("on",)),
    "start": VerbGrammar((), ("on",)),
    "another": VerbGrammar((), ("name", "variables"), required=("name",)),
    "crash-after-commit": VerbGrammar((), ("row", "changed", "commit"), request=True),
    "until": VerbGrammar(
        (), ("within", "not_before", "steps"), steps=("steps",), required=("within", "steps")
    ),
    "wait": VerbGrammar(),
    "mark": VerbGrammar(),
    "elapsed": VerbGrammar(),
    "each": VerbGrammar((), ("in", "steps"), steps=("steps",), required=("in", "steps")),
    "repeat": VerbGrammar((), ("times", "while", "steps"), steps=("steps",), required=("times", "steps")),
    "random": VerbGrammar(),
    "set": VerbGrammar(),
    "use": VerbGrammar(("with",)),
    "when": VerbGrammar((), ("is", "then", "else"), steps=("then", "else"), required=("is",)),
    "expect": VerbGrammar(),
}
# Verbs whose failure a learner reads: on sealed steps they need the learner's sentence.
JUDGING = (*REQUESTS, "sql", "growth", "recorded", "race", "until", "expect")


@dataclass(frozen=True, slots=True)
class StepPlace:
    """Where a step is written: file name and line, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A request with templates in it. `options`: what REQUEST_KEYS were given."""

    method: str
    path: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its verb and argument as plain values, the keys next to the verb, and the steps inside it by key.

    `request`: where the verb sends one; `because`: the learner's sentence if the step fails.
    """

    verb: str
    argument: Any
    place: StepPlace
    options: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    request: RequestTemplate | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class StepBlock:
    """Steps under a name, for `use:`; `parameters` are what `with:` must give."""

    name: str
    parameters: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class DeclaredCheck:
    """A check written in YAML. `sealed`: its file begins with `sealed_`."""

    id: str
    sealed: bool
    steps: tuple[Step, ...]
    place: StepPlace


@dataclass(frozen=True, slots=True)
class DeclaredSuite:
    """The YAML checks of a suite, and the blocks that they share."""

    checks: tuple[DeclaredCheck, ...]
    blocks: Mapping[str, StepBlock]
