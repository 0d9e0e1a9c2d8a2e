"""Checks in YAML, read into steps; every mistake is reported with file, line and key before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from graders.errors import PackError
from graders.packs.check_grammar import (
    EXPECT_ANSWER,
    JUDGING,
    MATCHERS,
    METHODS,
    REQUEST_KEYS,
    TYPES,
    VERBS,
    DeclaredCheck,
    DeclaredSuite,
    RequestTemplate,
    Step,
    StepBlock,
    StepPlace,
    VerbGrammar,
)
from graders.packs.yaml_source import Section, read_yaml

PATTERNS = ("open_*.yaml", "sealed_*.yaml", "shared_*.yaml")
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_ALWAYS = ("because",)


def read_declared(suite: Path) -> DeclaredSuite:
    """Every YAML file of the suite's folder. Raises PackError."""
    checks: list[DeclaredCheck] = []
    blocks: dict[str, StepBlock] = {}
    for path in declared_files(suite):
        top = read_yaml(path)
        top.only(("format", "checks", "blocks"))
        sealed = path.name.startswith("sealed_")
        checks += _checks(top, sealed=sealed)
        for block in _blocks(top, sealed=sealed):
            if block.name in blocks:
                top.fail("blocks", f"the block `{block.name}` is defined twice", "rename one of the two")
            blocks[block.name] = block
    read = DeclaredSuite(tuple(checks), blocks)
    _must_know_blocks(read, suite)
    return read


def declared_files(suite: Path) -> list[Path]:
    """The YAML files of a suite's folder, by name."""
    return sorted(path for pattern in PATTERNS for path in suite.glob(pattern))


def _checks(top: Section, *, sealed: bool) -> Iterator[DeclaredCheck]:
    section = top.section("checks")
    if section is None:
        return
    if top.path.name.startswith("shared_"):
        top.fail("checks", "a shared file has no checks", "move them to open_….yaml or sealed_….yaml")
    for id in section.keys():  # noqa: SIM118 - a Section is not a mapping
        steps = tuple(_step(step, sealed=sealed) for step in section.sections(id, required=True))
        if not any(judges(step) for step in steps):
            section.fail(
                id, f"the check `{id}` expects nothing", "add `expect:`; a check must be able to fail"
            )
        yield DeclaredCheck(id, sealed, steps, StepPlace(top.path.name, section.line_of(id)))


def judges(step: Step) -> bool:
    """Whether the step can fail for what a service does."""
    if step.verb == "use":
        return True
    inner = any(judges(one) for steps in step.steps.values() for one in steps)
    return inner or step.verb in ("growth", "recorded", "expect") or "expect" in step.options


def _blocks(top: Section, *, sealed: bool) -> Iterator[StepBlock]:
    section = top.section("blocks")
    for name in section.keys() if section else ():
        assert section is not None
        block = section.section(name, required=True)
        assert block is not None
        block.only(("parameters", "steps"))
        steps = tuple(_step(step, sealed=sealed) for step in block.sections("steps", required=True))
        yield StepBlock(name, block.texts("parameters"), steps)


def _step(section: Section, *, sealed: bool) -> Step:
    verb = _verb_of(section)
    grammar = VERBS[verb]
    section.only((verb, *grammar.options, *_ALWAYS))
    argument, steps, request = _argument(section, verb, grammar, sealed=sealed)
    options = {key: section.plain(key) for key in grammar.options if section.has(key)}
    if verb in METHODS or verb == "request":
        request = _own_request(section, verb, argument, options)
    step = Step(
        verb=verb,
        argument=argument,
        place=StepPlace(section.path.name, section.line),
        options=options,
        steps=steps,
        request=request,
        because=section.text("because").strip() if section.has("because") else "",
    )
    _must_be_sound(section, step, sealed=sealed)
    return step


def _verb_of(section: Section) -> str:
    keys = section.keys()
    # `expect` is an option of most verbs, and a verb where it is alone.
    verbs = [key for key in keys if key in VERBS and key != "expect"]
    if not verbs and set(keys) <= {"expect", *_ALWAYS}:
        verbs = [key for key in keys if key == "expect"]
    if len(verbs) == 1:
        return verbs[0]
    if verbs:
        section.fail(verbs[1], f"a step has one verb, not {' and '.join(verbs)}", "write two steps")
    unknown = [key for key in keys if key not in ("expect", "keep", *REQUEST_KEYS, *_ALWAYS)]
    near = get_close_matches(unknown[0], list(VERBS), n=1) if unknown else []
    hint = f"did you mean `{near[0]}`?" if near else f"verbs: {', '.join(VERBS)}"
    return section.fail(unknown[0] if unknown else None, "this step has no verb", hint)


def _argument(
    section: Section, verb: str, grammar: VerbGrammar, *, sealed: bool
) -> tuple[Any, dict[str, tuple[Step, ...]], RequestTemplate | None]:
    if grammar.keys is None:
        return section.plain(verb), {}, None
    if section.is_nothing(verb):
        return {}, {}, None
    inside = section.section(verb, required=True)
    assert inside is not None
    methods = [method for method in METHODS if inside.has(method)] if grammar.request else []
    extra = (*methods, *REQUEST_KEYS) if grammar.request else ()
    inside.only((*grammar.keys, *extra))
    for key in grammar.required:
        if not inside.has(key):
            inside.fail(None, f"`{verb}.{key}` is missing", f"add `{key}:`")
    steps = {key: _steps_of(inside, key, sealed=sealed) for key in grammar.steps if inside.has(key)}
    plain = {key: inside.plain(key) for key in grammar.keys if inside.has(key) and key not in steps}
    return plain, steps, _inner_request(inside, methods)


def _steps_of(section: Section, key: str, *, sealed: bool) -> tuple[Step, ...]:
    """A list of steps, or a single one."""
    sections = section.sections(key) if section.is_list(key) else (section.section(key, required=True),)
    return tuple(_step(one, sealed=sealed) for one in sections if one is not None)


def _own_request(section: Section, verb: str, argument: Any, options: dict[str, Any]) -> RequestTemplate:
    method, path = (argument["method"], argument["path"]) if verb == "request" else (verb, argument)
    if not isinstance(path, str) or not path.startswith(("/", "{")):
        section.fail(verb, f"`{path}` is not a path", "begin it with `/`")
    carried = {key: options.pop(key) for key in REQUEST_KEYS if key in options}
    return RequestTemplate(str(method).upper(), path, carried)


def _inner_request(section: Section, methods: list[str]) -> RequestTemplate | None:
    if not methods:
        return None
    if len(methods) > 1:
        section.fail(methods[1], "one request has one method", "remove the other one")
    path = section.text(methods[0])
    carried = {key: section.plain(key) for key in REQUEST_KEYS if section.has(key)}
    return RequestTemplate(methods[0].upper(), path, carried)


def request_in(plain: Mapping[str, Any]) -> RequestTemplate | None:
    """The request of an entry of `race.requests`; None where it has no method."""
    for method in METHODS:
        if method in plain:
            carried = {key: plain[key] for key in REQUEST_KEYS if key in plain}
            return RequestTemplate(method.upper(), str(plain[method]), carried)
    return None


def _must_be_sound(section: Section, step: Step, *, sealed: bool) -> None:
    """What the grammar cannot say: sentences, expressions, matchers, names."""
    expects = "expect" in step.options or step.verb in ("expect", "growth", "recorded")
    if sealed and expects and step.verb in JUDGING and not step.because:
        section.fail(
            None, "a sealed step that judges has no `because`", "add the sentence that a learner reads"
        )
    for name, expression in _mapping(step.options.get("keep")).items():
        _must_be_name(section, "keep", name)
        if isinstance(expression, str):
            _must_be_expression(section, "keep", expression)
    if step.verb in ("set", "random", "elapsed"):
        for name in _mapping(step.argument):
            _must_be_name(section, step.verb, name)
    if step.verb == "mark":
        _must_be_name(section, "mark", step.argument)
    _must_expect(section, step)
    if step.verb == "race":
        _must_race(section, step)


def _must_expect(section: Section, step: Step) -> None:
    expected = step.argument if step.verb == "expect" else step.options.get("expect")
    if expected is None:
        return
    key = "expect"
    if not isinstance(expected, dict) or not expected:
        section.fail(key, "`expect` must be a mapping", "write e.g. `expect: {status: 200}`")
    if step.request is not None and step.verb != "race":
        unknown = [name for name in expected if name not in EXPECT_ANSWER]
        if unknown:
            near = get_close_matches(unknown[0], EXPECT_ANSWER, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(EXPECT_ANSWER)}"
            section.fail(key, f"an answer has no `{unknown[0]}`", hint)
    for expression in [*_mapping(expected.get("json")), *_mapping(expected.get("values"))]:
        _must_be_expression(section, key, expression)
    for matcher in expected.values():
        _must_match(section, key, matcher)


def _must_match(section: Section, key: str, matcher: Any) -> None:
    """Refuse a matcher that could never match, or that mixes matchers with members of an object."""
    if isinstance(matcher, list):
        for one in matcher:
            _must_match(section, key, one)
    if not isinstance(matcher, dict):
        return
    known = [name for name in matcher if name in MATCHERS]
    if known and len(known) < len(matcher) and set(known) - {"type", "length", "each", "not"}:
        section.fail(key, f"`{known[0]}` is mixed with members of an object", "write two expectations")
    if set(matcher) <= set(MATCHERS):
        if "type" in matcher and matcher["type"] not in TYPES and "{" not in str(matcher["type"]):
            section.fail(key, f"there is no type `{matcher['type']}`", f"types: {', '.join(TYPES)}")
        if "matches" in matcher:
            try:
                re.compile(str(matcher["matches"]))
            except re.error as error:
                section.fail(key, f"`matches` is not a regular expression: {error}", "correct it")
    for one in matcher.values():
        _must_match(section, key, one)


def _must_race(section: Section, step: Step) -> None:
    argument = step.argument
    if ("requests" in argument) == (step.request is not None):
        section.fail(
            "race", "a race has either one request with `times` or a list of `requests`", "choose one"
        )
    for one in argument.get("requests", ()):
        if not isinstance(one, dict) or request_in(one) is None:
            section.fail("race", "an entry of `requests` has no method", "write e.g. `- post: /orders`")
        unknown = set(one) - {*METHODS, *REQUEST_KEYS, "times", "expect", "name"}
        if unknown:
            section.fail("race", f"a request of a race has no `{sorted(unknown)[0]}`", "remove it")
    holds = argument.get("hold", [])
    for hold in holds if isinstance(holds, list) else [holds]:
        if not isinstance(hold, dict) or "table" not in hold or set(hold) - {"table", "where", "mode"}:
            section.fail(
                "race", "`hold` names a `table`, and `where` or `mode`", "hold: {table: t, where: id = 1}"
            )


def _must_be_name(section: Section, key: str, name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        section.fail(key, f"`{name}` is not a name", "use small letters, digits and underscores")


def _must_be_expression(section: Section, key: str, expression: Any) -> None:
    import jmespath

    try:
        jmespath.compile(str(expression))
    except jmespath.exceptions.JMESPathError as error:
        first = str(error).splitlines()[0]
        section.fail(key, f"`{expression}` is not a JMESPath expression: {first}", "see jmespath.org")


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _must_know_blocks(read: DeclaredSuite, suite: Path) -> None:
    for step in _all_steps(read):
        if step.verb != "use":
            continue
        path, line = suite / step.place.file, step.place.line
        block = read.blocks.get(str(step.argument))
        if block is None:
            near = get_close_matches(str(step.argument), list(read.blocks), n=1)
            hint = f"did you mean `{near[0]}`?" if near else "define it under `blocks:` of a shared_….yaml"
            raise PackError(f"there is no block `{step.argument}`", path=path, line=line, hint=hint)
        given = set(_mapping(step.options.get("with")))
        if given != set(block.parameters):
            wanted = ", ".join(block.parameters) or "nothing"
            raise PackError(
                f"the block `{block.name}` takes {wanted}, not {', '.join(sorted(given)) or 'nothing'}",
                path=path,
                line=line,
                hint="give each parameter under `with:`",
            )


def _all_steps(read: DeclaredSuite) -> Iterator[Step]:
    def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
        for step in steps:
            yield step
            for inner in step.steps.values():
                yield from walk(inner)

    for check in read.checks:
        yield from walk(check.steps)
    for block in read.blocks.values():
        yield from walk(block.steps)
