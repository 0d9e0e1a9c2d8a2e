"""The records of one HTTP exchange: request, headers, answer, and what can go wrong on the way."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graders.escape import sanitize
from graders.http import strict_json

# Sent with every request; a curl line need not repeat them.
_LEFT_OUT = ("host", "user-agent", "accept-encoding", "content-length", "connection")


class Headers(Mapping[str, str]):
    """Header fields by name in any case; a field sent several times reads as one, joined by commas."""

    def __init__(self, fields: Sequence[tuple[str, str]] = ()) -> None:
        self.fields = tuple(fields)

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self.fields))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.fields})

    def __repr__(self) -> str:
        return f"Headers({list(self.fields)!r})"

    def get_all(self, name: str) -> list[str]:
        """Every value of the field, in the order they came."""
        wanted = name.lower()
        return [value for key, value in self.fields if key.lower() == wanted]


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent: `target` is the path with its query exactly as it stood on the request line.

    `shown_url`: the base URL that `curl` names, where that is not `base_url`, which ends with the run.
    """

    method: str
    base_url: str
    target: str
    headers: Headers
    body: bytes = b""
    shown_url: str = ""

    @property
    def url(self) -> str:
        return self.base_url + self.target

    @property
    def curl(self) -> str:
        """A shell line that sends the same request with curl."""
        words = ["curl", "-i", *self._method_words(), *self._header_words()]
        before = ""
        if b"\0" in self.body:
            before = "printf '" + "".join(f"\\{byte:03o}" for byte in self.body) + "' | "
            words += ["--data-binary", "@-"]
        elif self.body:
            words += ["--data-raw", self.body.decode("utf-8", "surrogateescape")]
        words.append((self.shown_url or self.base_url) + self.target)
        return before + " ".join(_quoted(word) for word in words)

    def _method_words(self) -> list[str]:
        words = []
        # Without these curl would read brackets as a pattern and fold dots away.
        if set(self.target) & set("[]{}"):
            words.append("--globoff")
        if "/." in self.target:
            words.append("--path-as-is")
        if self.method == "HEAD":
            return [*words, "--head"]
        implied = "POST" if self.body else "GET"
        return words if self.method == implied else [*words, "-X", self.method]

    def _header_words(self) -> list[str]:
        shown = [(name, value) for name, value in self.headers.fields if name.lower() not in _LEFT_OUT]
        lines = [f"{name}: {value}" if value else f"{name};" for name, value in shown]
        # What curl adds on its own is removed by an empty field.
        own = ["Accept", "User-Agent", *(["Content-Type"] if self.body else [])]
        lines += [f"{name}:" for name in own if name not in self.headers]
        return [word for line in lines for word in ("-H", line)]


def _quoted(part: str) -> str:
    """One shell word; what a terminal would act upon is written in the `$'...'` form that bash and zsh read."""
    if part == sanitize(part, one_line=True) or part == sanitize(part):
        return shlex.quote(part)
    raw = part.encode("utf-8", "surrogateescape")
    return "$'" + "".join(_ansi_c(byte) for byte in raw) + "'"


def _ansi_c(byte: int) -> str:
    if byte in b"'\\":
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a whole, well-formed HTTP response."""

    status: int
    headers: Headers
    body: bytes
    request: Request
    reason: str = ""

    @property
    def curl(self) -> str:
        """A shell line that repeats the request."""
        return self.request.curl

    @property
    def text(self) -> str:
        """The body as UTF-8 text; what is none becomes U+FFFD."""
        return self.body.decode("utf-8", "replace")

    @property
    def media_type(self) -> str:
        """The Content-Type without parameters, in lower case; empty where there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as strict JSON (see strict_json). Raises AnswerError."""
        try:
            return strict_json.parse(self.body)
        except strict_json.JsonError as error:
            what = f"{self.request.method} {sanitize(self.request.target, limit=200, one_line=True)}"
            raise AnswerError(
                error.code,
                f"the body that answered {what} ({self.status}) cannot be read: {error.message}",
                self,
            ) from None


class AnswerError(Exception):
    """An answer came, but its body is not what it must be. `code` as in strict_json."""

    def __init__(self, code: str, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.answer = answer


class TransportFailure(Exception):
    """No whole, well-formed HTTP response came back.

    Codes: refused, no-answer (not one byte in time), too-slow, closed (without one byte), cut-off (in the middle),
    reset, malformed-http, too-large, too-many-interim, unsolicited-bytes, switched-protocols.
    `snippet`: the first bytes that came, safe to show.
    """

    def __init__(self, code: str, message: str, request: Request, *, snippet: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request = request
        self.snippet = snippet

    @property
    def curl(self) -> str:
        return self.request.curl
