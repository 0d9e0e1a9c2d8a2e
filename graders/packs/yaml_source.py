"""YAML that remembers where it stood: typed access to a document, each error with file, line, column and key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from graders.errors import PackError

# A pack is written by hand; anything beyond these is a bomb or a mistake.
LARGEST_FILE = 1_000_000
DEEPEST_NESTING = 20

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # a build of PyYAML without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_KINDS = {
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:int": "a whole number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:map": "a mapping",
    "tag:yaml.org,2002:seq": "a list",
}


class Section:
    """A mapping of a YAML file. Reading a key that is absent or of another kind raises PackError with its place."""

    def __init__(self, path: Path, node: yaml.MappingNode, name: str = "") -> None:
        self.path = path
        self.name = name
        self._node = node
        self._values: dict[str, yaml.Node] = {}
        self._keys: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fail(key, "a key must be a plain word", "write it as `key: value`")
            if key.value in self._values:
                self._fail(key, f"`{self._full(key.value)}` is here twice", "keep one of the two")
            self._values[key.value] = value
            self._keys[key.value] = key

    def keys(self) -> tuple[str, ...]:
        return tuple(self._values)

    def has(self, key: str) -> bool:
        return key in self._values

    def line_of(self, key: str) -> int:
        """The line of that key, counted from 1; the section's own where it has no such key."""
        return int(self._keys.get(key, self._node).start_mark.line) + 1

    def only(self, known: Sequence[str]) -> None:
        """Refuse keys that are not `known`, with the nearest known one as a suggestion."""
        for key in self._values:
            if key not in known:
                near = _nearest(key, known)
                hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
                self._fail(self._keys[key], f"unknown key `{self._full(key)}`", hint)

    def fail(self, key: str | None, message: str, hint: str) -> NoReturn:
        """Raise PackError at the value of `key` (at the section itself when None or absent)."""
        node: yaml.Node = self._values.get(key, self._node) if key is not None else self._node
        self._fail(node, message, hint)

    def text(self, key: str, default: str | None = None) -> str:
        """A non-empty text; `default` where the key is absent (None: it is required)."""
        node = self._get(key, required=default is None)
        if node is None:
            assert default is not None
            return default
        return self._text_of(node, key)

    def scalar(self, key: str, default: str) -> str:
        """Any scalar as it is written, numbers and empty text too."""
        node = self._get(key, required=False)
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, key, "a single value")
        return str(node.value)

    @property
    def line(self) -> int:
        """The line of the file, from 1, in which the section begins."""
        return int(self._node.start_mark.line) + 1

    def plain(self, key: str) -> Any:
        """The value of `key` as plain values: mappings, lists, texts, numbers, booleans, None."""
        node = self._get(key, required=True)
        assert node is not None
        return self._plain(node)

    def is_nothing(self, key: str) -> bool:
        """Whether `key` is there without a value."""
        node = self._values.get(key)
        return node is not None and node.tag == "tag:yaml.org,2002:null"

    def is_list(self, key: str) -> bool:
        return isinstance(self._values.get(key), yaml.SequenceNode)

    def _plain(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {self._plain_key(key): self._plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item) for item in node.value]
        assert isinstance(node, yaml.ScalarNode)
        try:
            match node.tag.removeprefix("tag:yaml.org,2002:"):
                case "int":
                    return int(node.value, 0)
                case "float":
                    return float(node.value)
                case "bool":
                    return node.value.lower() in ("true", "yes", "on")
                case "null":
                    return None
        except ValueError:
            self._fail(node, f"`{node.value}` cannot be read as a number", "quote it if it is text")
        # A date stays the text that it is: answers are compared as JSON, which has no dates.
        return str(node.value)

    def _plain_key(self, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            self._fail(node, "a key must be a plain word", "write it as `key: value`")
        # YAML 1.1 reads the words on, yes and null as values; as keys they are words, such as `on:` of a request.
        is_word = node.tag in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")
        return node.value if is_word else self._plain(node)

    def text_or_nothing(self, key: str) -> str:
        """A text that may be empty; the key is required."""
        node = self._get(key, required=True)
        assert node is not None
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
            self._wrong(node, key, "text")
        return str(node.value)

    def integer(self, key: str, default: int | None = None, *, least: int = 0, most: int = 1_000_000) -> int:
        node = self._get(key, required=default is None)
        if node is None:
            assert default is not None
            return default
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:int":
            self._wrong(node, key, "a whole number")
        value = int(node.value, 0)
        if not least <= value <= most:
            self._fail(node, f"`{self._full(key)}` is {value}", f"write a number from {least} to {most}")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            self.fail(key, f"`{self._full(key)}` is `{value}`", f"write one of: {', '.join(allowed)}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        node = self._get(key, required=False)
        if node is None:
            return default
        if node.tag != "tag:yaml.org,2002:bool":
            self._wrong(node, key, "true or false")
        return str(node.value).lower() in ("true", "yes", "on")

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts, () where the key is absent."""
        return tuple(self._text_of(node, key) for node in self._items(key, required=required))

    def section(self, key: str, *, required: bool = False) -> Section | None:
        node = self._get(key, required=required)
        if node is None:
            return None
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, key, "a mapping")
        return Section(self.path, node, self._full(key))

    def sections(self, key: str, *, required: bool = False) -> tuple[Section, ...]:
        """A list of mappings."""
        found = []
        for index, node in enumerate(self._items(key, required=required)):
            if not isinstance(node, yaml.MappingNode):
                self._wrong(node, key, "a list of mappings")
            found.append(Section(self.path, node, f"{self._full(key)}[{index}]"))
        return tuple(found)

    def _items(self, key: str, *, required: bool) -> list[yaml.Node]:
        node = self._get(key, required=required)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, key, "a list")
        return list(node.value)

    def _get(self, key: str, *, required: bool) -> yaml.Node | None:
        node = self._values.get(key)
        if node is None and required:
            near = _nearest(key, list(self._values))
            hint = f"rename `{near[0]}` to it?" if near else f"add `{key}:`"
            self._fail(self._node, f"`{self._full(key)}` is missing", hint)
        return node

    def _text_of(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
            self._wrong(node, key, "text")
        value = str(node.value)
        if not value.strip():
            self._fail(node, f"`{self._full(key)}` is empty", "write its text")
        return value

    def _wrong(self, node: yaml.Node, key: str, wanted: str) -> NoReturn:
        got = _KINDS.get(node.tag, node.tag)
        self._fail(node, f"`{self._full(key)}` is {got}", f"it must be {wanted}; quote it if it is text")

    def _full(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def _fail(self, node: yaml.Node, message: str, hint: str) -> NoReturn:
        mark = node.start_mark
        raise PackError(message, path=self.path, line=mark.line + 1, column=mark.column + 1, hint=hint)


def _nearest(key: str, known: Sequence[str]) -> list[str]:
    # Imported where something is wrong: each `kata` reads YAML, and few have anything to suggest.
    from difflib import get_close_matches

    return get_close_matches(key, known, n=1)


def read_yaml(path: Path) -> Section:
    """The mapping that the file holds. Raises PackError for a file that cannot be read or does not hold a mapping."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PackError(
            f"cannot be read: {error.strerror}", path=path, hint="check its name and its rights"
        ) from None
    return parse_yaml(raw, path)


def read_plain(path: Path) -> dict[str, Any]:
    """The file's mapping as plain values, with any keys. Raises PackError as `read_yaml` does."""
    read_yaml(path)
    try:
        content = yaml.load(path.read_bytes().decode(), Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A date that the calendar does not have, for one.
        raise PackError(
            f"is not valid YAML: {error}", path=path, hint="quote the value that it names"
        ) from None
    return {str(key): value for key, value in content.items()}


def parse_yaml(raw: bytes, path: Path) -> Section:
    """Like read_yaml, for content at hand; `path` is named in errors."""
    if len(raw) > LARGEST_FILE:
        raise PackError("is larger than 1 MB", path=path, hint="split it; a pack's YAML is written by hand")
    try:
        node = yaml.compose(raw.decode(), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise PackError(f"is not UTF-8 (byte {error.start})", path=path, hint="save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise PackError(
            f"is not valid YAML: {error.problem}",
            path=path,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
            hint="correct the indentation or the quoting there",
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise PackError(f"is not valid YAML: {error}", path=path, hint="correct the file") from None
    if not isinstance(node, yaml.MappingNode):
        raise PackError("holds no mapping", path=path, line=1, hint="start it with `format: 1`")
    _refuse_bombs(path, node)
    return Section(path, node)


def _refuse_bombs(path: Path, root: yaml.Node) -> None:
    seen: set[int] = set()
    for depth, node in _walk(root, 0):
        line = node.start_mark.line + 1
        if id(node) in seen:
            raise PackError(
                "uses an alias", path=path, line=line, hint="write the value out; aliases are refused"
            )
        if depth > DEEPEST_NESTING:
            raise PackError("is nested too deeply", path=path, line=line, hint="flatten it")
        if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
            raise PackError(f"has the tag {node.tag}", path=path, line=line, hint="remove the tag")
        seen.add(id(node))


def _walk(node: yaml.Node, depth: int) -> Iterator[tuple[int, yaml.Node]]:
    yield depth, node
    if depth > DEEPEST_NESTING:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _walk(key, depth + 1)
            yield from _walk(value, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _walk(item, depth + 1)
