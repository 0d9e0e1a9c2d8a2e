"""What the source of a suite shows before it runs: syntax, names, fixtures, assertions without a sentence."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from graders.authoring.problem import Problem
from graders.errors import PackError
from graders.packs.check_grammar import DeclaredCheck
from graders.packs.declared_checks import read_declared
from graders.packs.records import Kata

# Of pytest's own fixtures, those that do not depend on the plugins that a suite runs without.
_OF_PYTEST = (
    "request",
    "tmp_path",
    "tmp_path_factory",
    "monkeypatch",
    "capsys",
    "capfd",
    "caplog",
    "recwarn",
)
_RUN = ("open_", "sealed_")
# Decorators that leave a function's parameters to fixtures.
_TRANSPARENT = ("fixture", "mark", "settings", "example", "seed")


@dataclass(frozen=True, slots=True)
class _File:
    """A suite's file that could be read; `where` is what problems name, without the line."""

    name: str
    where: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        return f"{self.where}:{getattr(node, 'lineno', 1)}"

    @property
    def run(self) -> bool:
        """Whether pytest collects checks from it."""
        return self.name.startswith(_RUN)


@cache
def known_fixtures() -> tuple[str, ...]:
    """The names of the fixtures that every suite has."""
    from graders.suite.fixtures import Fixtures

    return tuple(sorted(name for name in vars(Fixtures) if not name.startswith("_")))


def audit_suite(kata: Kata) -> Iterator[Problem]:
    """The problems of the suite's files, each with file and line."""
    files: list[_File] = []
    for path in sorted((kata.folder / "suite").glob("*.py")):
        where = f"{kata.slug}/suite/{path.name}"
        try:
            files.append(_File(path.name, where, ast.parse(path.read_bytes())))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            message = f"is not valid Python: {getattr(error, 'msg', error)}"
            yield Problem(f"{where}:{line}", message, "fix the syntax there", blocking=True)
    declared: tuple[DeclaredCheck, ...] | None = ()
    try:
        declared = read_declared(kata.folder / "suite").checks
    except PackError as error:
        declared = None
        where = f"{kata.slug}/suite/{error.path.name if error.path else ''}"
        yield Problem(f"{where}:{error.line or 1}", error.message, error.hint, blocking=True)
    yield from _misplaced(kata)
    if declared == () and not any((kata.folder / "suite").glob("*.py")):
        hint = "write suite/open_<topic>.yaml or suite/open_<topic>.py"
        yield Problem(f"{kata.slug}/suite", "holds no check", hint, blocking=True)
        return
    own = frozenset(name for file in files for name in _own_fixtures(file.tree))
    for file in files:
        yield from _stray(file)
        yield from _silent_assertions(file)
        yield from _unknown_fixtures(file, own)
        yield from _unknown_variables(file, kata.environment.variables)
        yield from _sealed_imports(file)
    yield from _manifest(kata, files, declared)


def _misplaced(kata: Kata) -> Iterator[Problem]:
    for path in sorted((kata.folder / "suite").glob("*/**/*.py")):
        inside = path.relative_to(kata.folder)
        if path.name.startswith(_RUN) and "__pycache__" not in inside.parts:
            yield Problem(f"{kata.slug}/{inside}", "lies in a folder of the suite", "move it up to suite/")


def _manifest(
    kata: Kata, files: Sequence[_File], declared: Sequence[DeclaredCheck] | None
) -> Iterator[Problem]:
    """Checks of the suite and of kata.yaml that do not match. Silent on what a file that cannot be read may hold."""
    known = {check.id: check for check in kata.checks}
    found = {check.id for check in declared or ()}
    for check in declared or ():
        yield from _claimed(kata, check.id, f"{kata.slug}/suite/{check.place}", check.place.file)
    for file in files:
        for function in _checks(file.tree) if file.run else ():
            id = _id_of(function.name)
            found.add(id)
            yield from _claimed(kata, id, file.at(function), file.name)
    if declared is None or len(files) < len(list((kata.folder / "suite").glob("*.py"))):
        return
    for id in known:
        if id not in found:
            message = f"no file defines the check `{id}` (in Python: `check_{id.replace('-', '_')}`)"
            yield Problem(f"{kata.slug}/suite", message, "write the check, or remove the id from kata.yaml")


def _claimed(kata: Kata, id: str, where: str, file: str) -> Iterator[Problem]:
    """What is wrong with a check of that id in that file."""
    known = {check.id: check for check in kata.checks}
    if id not in known:
        hint = _nearest(id, tuple(known), "add it to `checks:` in kata.yaml, or rename it")
        message = f"defines the check `{id}`, which kata.yaml does not have"
        yield Problem(where, message, hint, blocking=True)
    elif not file.startswith(known[id].visibility):
        message = f"`{id}` is {known[id].visibility} in kata.yaml"
        yield Problem(where, message, f"move it to a file {known[id].visibility}_…")


def _stray(file: _File) -> Iterator[Problem]:
    """What looks like a check and never runs as one."""
    seen: dict[str, int] = {}
    for node in file.tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _in_a_class(file, node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_"):
            better = f"check_{node.name.removeprefix('test_')}"
            hint = f"name it `{better}` if it is a check; give a function that helps another name"
            yield Problem(file.at(node), f"`{node.name}` never runs", hint)
        if not node.name.startswith("check_"):
            continue
        if not file.run:
            hint = "move it to a file open_….py or sealed_….py"
            yield Problem(file.at(node), f"`{node.name}` never runs in a file of this name", hint)
        elif isinstance(node, ast.AsyncFunctionDef):
            yield Problem(file.at(node), f"`{node.name}` is async and never awaited", "write it as `def`")
        elif _yields(node):
            yield Problem(file.at(node), f"`{node.name}` is a generator", "remove the `yield`")
        elif node.name in seen:
            hint = f"rename one of the two, for example `{node.name}__again`"
            yield Problem(file.at(node), f"`{node.name}` replaces the one of line {seen[node.name]}", hint)
        seen.setdefault(node.name, node.lineno)


def _in_a_class(file: _File, node: ast.ClassDef) -> Iterator[Problem]:
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name.startswith(("check_", "test_")):
            hint = "write it as a function of the module"
            yield Problem(file.at(inner), f"`{node.name}.{inner.name}` never runs: it is in a class", hint)


def _yields(function: ast.FunctionDef) -> bool:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def _silent_assertions(file: _File) -> Iterator[Problem]:
    hint = 'say what was seen, for the learner: `assert condition, f"GET /things answered {answer.status}"`'
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Assert) and (node.msg is None or _is_blank(node.msg)):
            yield Problem(file.at(node), "an assertion without a sentence", hint)
        elif isinstance(node, ast.Raise) and _raises_nothing_said(node.exc):
            yield Problem(file.at(node), "an AssertionError without a sentence", hint)
        elif isinstance(node, ast.Call) and _dotted(node.func) == "pytest.fail" and _says_nothing(node):
            yield Problem(file.at(node), "pytest.fail without a sentence", hint)


def _raises_nothing_said(raised: ast.expr | None) -> bool:
    if isinstance(raised, ast.Call):
        return _dotted(raised.func) == "AssertionError" and _says_nothing(raised)
    return isinstance(raised, ast.Name) and raised.id == "AssertionError"


def _says_nothing(call: ast.Call) -> bool:
    said = [*call.args, *(keyword.value for keyword in call.keywords)]
    return not said or _is_blank(said[0])


def _is_blank(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or not str(node.value).strip())


def _unknown_fixtures(file: _File, own: frozenset[str]) -> Iterator[Problem]:
    known = {*known_fixtures(), *_OF_PYTEST, *own}
    for function in (*(_checks(file.tree) if file.run else ()), *_fixture_functions(file.tree)):
        for name in _asked_for(function):
            if name not in known:
                hint = _nearest(
                    name, known_fixtures(), f"there are: {', '.join(sorted({*known_fixtures(), *own}))}"
                )
                message = f"`{function.name}` asks for the fixture `{name}`, which does not exist"
                yield Problem(file.at(function), message, hint, blocking=True)


def _asked_for(function: ast.FunctionDef) -> tuple[str, ...]:
    """The parameters that fixtures must give; none where a decorator may give them."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    needed = plain[: len(plain) - len(arguments.defaults)] if arguments.defaults else plain
    needed += [
        name for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value is None
    ]
    names = [argument.arg for argument in needed]
    for decorator in function.decorator_list:
        given = _given_by(decorator)
        if given is None:
            return ()
        by_name, last = given
        names = [name for name in names if name not in by_name]
        names = names[: len(names) - last] if last else names
    return tuple(names)


def _given_by(decorator: ast.expr) -> tuple[frozenset[str], int] | None:
    """The parameters that a decorator gives by name, and how many of the last ones; None where that is unknown."""
    call = decorator if isinstance(decorator, ast.Call) else None
    name = _dotted(call.func if call else decorator)
    last = name.rsplit(".", maxsplit=1)[-1]
    if last == "parametrize" and call:
        return _names_in(call.args[0]) if call.args else None
    if last == "given" and call:
        return frozenset(keyword.arg or "" for keyword in call.keywords), len(call.args)
    if any(part in _TRANSPARENT for part in name.split(".")):
        return frozenset(), 0
    return None


def _names_in(node: ast.expr) -> tuple[frozenset[str], int] | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    names = value.split(",") if isinstance(value, str) else [str(each) for each in value]
    return frozenset(name.strip() for name in names), 0


def _unknown_variables(file: _File, variables: Mapping[str, str]) -> Iterator[Problem]:
    """`variables["NAME"]` of a variable that kata.yaml does not give would be a KeyError in the run."""
    for node in ast.walk(file.tree):
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == "variables"
            and isinstance(node.ctx, ast.Load)
            and isinstance(node.slice, ast.Constant)
            and (name := str(node.slice.value)) not in variables
        ):
            listed = ", ".join(variables) or "none"
            hint = f"add it to `environment.variables` in kata.yaml; there are: {listed}"
            yield Problem(file.at(node), f"the variable `{name}` does not exist", hint, blocking=True)


def _sealed_imports(file: _File) -> Iterator[Problem]:
    if not file.name.startswith(("open_", "shared_")):
        return
    for node in ast.walk(file.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.startswith("sealed_") for name in names):
            hint = "move what they share to shared_….py"
            yield Problem(file.at(node), "a file that learners read imports a sealed one", hint)


def _checks(tree: ast.Module) -> list[ast.FunctionDef]:
    return [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
    ]


def _fixture_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(_decorator_name(decorator).endswith("fixture") for decorator in node.decorator_list)
    ]


def _own_fixtures(tree: ast.Module) -> Iterator[str]:
    for function in _fixture_functions(tree):
        yield function.name
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call):
                yield from (
                    str(keyword.value.value)
                    for keyword in decorator.keywords
                    if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
                )


def _decorator_name(decorator: ast.expr) -> str:
    return _dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)


def _dotted(node: ast.expr) -> str:
    """`pytest.mark.parametrize` for that attribute; empty for anything but names and attributes."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""


def _id_of(name: str) -> str:
    return name.removeprefix("check_").split("__")[0].replace("_", "-")


def _nearest(name: str, known: Sequence[str], otherwise: str) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`? {otherwise}" if near else otherwise
