"""The JSON Schema of checks in YAML, made from their grammar, so that editors complete what the reader accepts."""

from __future__ import annotations

from typing import Any

from graders.packs.check_grammar import (
    EXPECT_ANSWER,
    METHODS,
    REQUEST_KEYS,
    REQUESTS,
    VERBS,
    VerbGrammar,
)

_STEPS = {"oneOf": [{"$ref": "#/$defs/steps"}, {"$ref": "#/$defs/step"}]}
_SENTENCE = {"type": "string", "minLength": 1, "description": "What a learner reads when this step fails."}


def checks_schema() -> dict[str, Any]:
    """The schema of suite/open_*.yaml, sealed_*.yaml and shared_*.yaml (JSON Schema 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Checks in YAML",
        "description": "Checks of a kata as steps; docs/author.md describes each verb.",
        "type": "object",
        "properties": {
            "format": {"const": 1, "description": "The version of this format."},
            "checks": {
                "type": "object",
                "description": "Check id (as in kata.yaml) to its steps.",
                "additionalProperties": {"$ref": "#/$defs/steps"},
            },
            "blocks": {
                "type": "object",
                "description": "Steps under a name, for `use:`.",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "parameters": {"type": "array", "items": {"type": "string"}},
                        "steps": {"$ref": "#/$defs/steps"},
                    },
                    "required": ["steps"],
                    "additionalProperties": False,
                },
            },
        },
        "additionalProperties": False,
        "$defs": {
            "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
            "step": {"type": "object", "oneOf": [_step(verb) for verb in VERBS]},
        },
    }


def _step(verb: str) -> dict[str, Any]:
    grammar = VERBS[verb]
    options = {key: _option(key, verb) for key in grammar.options}
    return {
        "title": verb,
        "properties": {verb: _argument(verb, grammar), **options, "because": _SENTENCE},
        "required": [verb],
        "additionalProperties": False,
    }


def _option(key: str, verb: str) -> dict[str, Any]:
    if key != "expect" or verb not in REQUESTS:
        return {} if key in ("json", "body") else {"type": ["object", "string", "number"]}
    return {
        "type": "object",
        "properties": {name: {} for name in EXPECT_ANSWER},
        "additionalProperties": False,
    }


def _argument(verb: str, grammar: VerbGrammar) -> dict[str, Any]:
    if verb in METHODS:
        return {"type": "string", "description": "The path; `{name}` takes a kept value."}
    if grammar.keys is None:
        return {}
    request = (*METHODS, *REQUEST_KEYS) if grammar.request else ()
    properties = {key: _STEPS if key in grammar.steps else {} for key in (*grammar.keys, *request)}
    schema: dict[str, Any] = {
        "type": ["object", "null"] if not grammar.required else "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": list(grammar.required)} if grammar.required else schema


if __name__ == "__main__":
    import json

    print(json.dumps(checks_schema(), indent=2))
