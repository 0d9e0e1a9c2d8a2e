"""The values that steps share by name, and how templates take them: `{name}` in texts, `:name` in SQL."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

from graders.errors import SuiteError
from graders.suite.steps.expressions import evaluate

# One alternative a token that hides a colon or a quote from the next one (PostgreSQL's manual, 4.1).
_SQL = re.compile(
    r"(?P<kept>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/|::)"
    r"|:(?P<name>[a-z][a-z0-9_]*)",
    re.DOTALL,
)
_RANDOM = re.compile(r"\{(digits|letters|hex|word):(\d{1,3})\}|\{(uuid|int:(\d+)-(\d+))\}")


class Scope:
    """Names and their values. A scope inside another one sees its values and keeps its own to itself."""

    def __init__(self, values: Mapping[str, Any], outer: Scope | None = None) -> None:
        self._values = dict(values)
        self._outer = outer

    def inside(self, **values: Any) -> Scope:
        return Scope(values, self)

    def keep(self, name: str, value: Any) -> None:
        """Remember a value. A name of an outer scope gets its new value there."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._values:
                scope._values[name] = value
                return
            scope = scope._outer
        self._values[name] = value

    @property
    def values(self) -> dict[str, Any]:
        return {**(self._outer.values if self._outer else {}), **self._values}

    def value(self, expression: str) -> Any:
        """The value of a JMESPath expression over the names. SuiteError where its first name is unknown."""
        values = self.values
        name = re.match(r"\w+", expression)
        if name and name[0] not in values and expression == name[0]:
            known = ", ".join(sorted(values)) or "none"
            raise SuiteError(f"there is no value `{expression}`", hint=f"values at this step: {known}")
        return evaluate(expression, values)

    def fill(self, template: Any) -> Any:
        """The template with its names replaced; a text that is one name alone keeps the value's type.

        Nothing is replaced in the regular expression of a `matches`.
        """
        if isinstance(template, str):
            return self._text(template)
        if isinstance(template, list):
            return [self.fill(one) for one in template]
        if isinstance(template, dict):
            return {
                self.fill(key): value if key == "matches" else self.fill(value)
                for key, value in template.items()
            }
        return template

    def _text(self, template: str) -> Any:
        if "{" not in template and "}" not in template:
            return template
        parts = list(_parts(template))
        if len(parts) == 1 and parts[0][1]:
            return self.value(parts[0][0])
        return "".join(_as_text(self.value(text)) if is_name else text for text, is_name in parts)

    def sql(self, text: str) -> tuple[str, list[Any]]:
        """The statement with `%s` for each `:name`, and the values in order. Values never become part of the text."""
        values: list[Any] = []

        def placeholder(found: re.Match[str]) -> str:
            if found["kept"] is not None:
                return found["kept"].replace("%", "%%")
            values.append(self.value(found["name"]))
            return "%s"

        filled, end = [], 0
        for found in _SQL.finditer(text):
            filled += [text[end : found.start()].replace("%", "%%"), placeholder(found)]
            end = found.end()
        filled.append(text[end:].replace("%", "%%"))
        statement = "".join(filled)
        # Without parameters psycopg sends the text as it is.
        return (statement, values) if values else (text, values)


def _parts(template: str) -> Iterator[tuple[str, bool]]:
    """The texts and the names of a template; `{{` and `}}` mean one brace."""
    text = ""
    at = 0
    while at < len(template):
        if template[at : at + 2] in ("{{", "}}"):
            text += template[at]
            at += 2
        elif template[at] == "{":
            end = template.find("}", at)
            if end < 0:
                raise SuiteError(f"`{template}` has a brace without its end", hint="write `{{` for a brace")
            if text:
                yield text, False
            text = ""
            yield template[at + 1 : end].strip(), True
            at = end + 1
        else:
            text += template[at]
            at += 1
    if text or not template:
        yield text, False


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def random_value(pattern: Any, rng: random.Random) -> Any:
    """A value made from a pattern: `{digits:6}`, `{letters:8}`, `{hex:4}`, `{word:9}`, `{uuid}`, `{int:1-10}`."""
    if not isinstance(pattern, str):
        raise SuiteError(f"`{pattern}` is not a random pattern", hint="write e.g. SKU-{digits:6}")
    whole = re.fullmatch(r"\{int:(\d+)-(\d+)\}", pattern)
    if whole:
        return rng.randint(int(whole[1]), int(whole[2]))
    return _RANDOM.sub(lambda found: _made(found, rng), pattern)


def _made(found: re.Match[str], rng: random.Random) -> str:
    if found[3] == "uuid":
        digits = f"{rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    if found[3]:
        return str(rng.randint(int(found[4]), int(found[5])))
    letters = {
        "digits": string.digits,
        "letters": string.ascii_uppercase,
        "hex": "0123456789abcdef",
        "word": string.ascii_lowercase,
    }[found[1]]
    return "".join(rng.choice(letters) for _ in range(int(found[2])))
