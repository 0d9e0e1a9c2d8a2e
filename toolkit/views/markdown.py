"""Markdown as a person reads it in a terminal: tables fitted to its width, headings, lists and code apart."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import ClassVar

from toolkit.text import escape
from toolkit.views.paint import Paint

# A link whose text is its target would be printed twice.
_NAMED_LIKE_ITS_TARGET = re.compile(r"\[([^\]\n]+)\]\(\1\)")


def render_markdown(text: str, paint: Paint) -> str:
    """`text` within the width of `paint`. Where no signs beyond ASCII can be shown it stays as it is."""
    source = escape(text.strip(), keep_newlines=True)
    if not paint.unicode:
        return source
    source = _NAMED_LIKE_ITS_TARGET.sub(r"\1", source)
    # 0.1 s and more to import, for pages that somebody reads; nothing else needs it.
    from rich.console import Console, ConsoleOptions
    from rich.markdown import Heading, Markdown, MarkdownElement
    from rich.text import Text

    class LeftHeading(Heading):
        """At the margin, where terminal documents have their headings."""

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
            self.text.justify = "left"
            yield self.text

    class Page(Markdown):
        elements: ClassVar[dict[str, type[MarkdownElement]]] = {
            **Markdown.elements,
            "heading_open": LeftHeading,
        }

    page = Page(source, hyperlinks=False, code_theme="ansi_dark")
    console = Console(
        file=io.StringIO(),
        width=paint.width,
        force_terminal=paint.color,
        color_system="standard" if paint.color else None,
    )
    with console.capture() as capture:
        console.print(page)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    # Tables and code come with empty lines of their own.
    return "\n".join(line for line, before in zip(lines, ["", *lines], strict=False) if line or before).strip(
        "\n"
    )
