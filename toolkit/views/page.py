"""Pages to read: hints, what a kata, a check or a finding is about, a solution with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graders.packs.records import Check, Kata, Solution
from toolkit.text import escape, wrap
from toolkit.views.difference import hunk_lines
from toolkit.views.paint import Paint
from toolkit.views.prose import code_lines, paragraph


def render_hints(check: str, ladder: Sequence[str], taken: int, paint: Paint, *, all_of_them: bool) -> str:
    """The last hint that was taken, or all of them so far, and how many are left."""
    blocks = []
    for number in range(1 if all_of_them else taken, taken + 1):
        blocks.append(f"{paint(f'Hint {number} of {len(ladder)}', 'bold')}  {paint(check, 'dim')}")
        blocks.append("\n".join(paragraph(ladder[number - 1], paint, indent="  ")))
    left = len(ladder) - taken
    if left:
        blocks.append(paint(f"  kata hint {check}  the next one, {left} left", "dim"))
    else:
        last = "That was the last one. `kata serve` lets you try it by hand; `kata solution --give-up` shows an answer."
        blocks.append("\n".join(paint(line, "dim") for line in paragraph(last, paint, indent="  ")))
    return "\n\n".join(blocks)


def render_kata_page(kata: Kata, brief: str, paint: Paint) -> str:
    """What a kata is about, and what each check proves and why."""
    blocks = [f"{paint(kata.slug, 'bold')}  {escape(kata.title)}"]
    blocks += ["\n".join(paragraph(part, paint, indent="  ")) for part in _idea(brief)]
    blocks.append(paint("What is checked, and why", "bold"))
    blocks += [_check(check, paint) for check in kata.checks]
    blocks.append(paint(f"  kata show {kata.slug} --brief  the whole task", "dim"))
    return "\n\n".join(blocks)


def render_check_page(check: Check, kata: Kata, paint: Paint) -> str:
    """What one check proves and why."""
    hint = paint(f"  kata hint {check.id}  a hint", "dim")
    return "\n\n".join(
        (f"{paint(kata.slug, 'bold')}  {paint(escape(kata.title), 'dim')}", _check(check, paint), hint)
    )


def render_finding_page(rule: str, page: Mapping[str, Any], paint: Paint) -> str:
    """A page of content/findings: its title, then each of its texts under a heading."""
    title = escape(str(page.get("title", "")))
    blocks = [f"{paint(rule, 'bold')}  {title}"]
    if summary := page.get("summary"):
        blocks.append("\n".join(paragraph(str(summary), paint, indent="  ")))
    for key, value in page.items():
        if key not in ("format", "rule", "slug", "title", "summary"):
            blocks.append("\n".join([paint(_heading(key), "bold"), *_value(value, paint, key=key)]))
    return "\n\n".join(blocks)


def render_solution(
    solution: Solution, others: Sequence[Solution], changes: Mapping[str, Sequence[str]], paint: Paint
) -> str:
    """A solution's reasons, its difference to the starter, and the other ones there are."""
    blocks = [f"{paint(solution.name, 'bold')}  {escape(solution.title)}"]
    blocks += ["\n".join(paragraph(solution.why, paint, indent="  "))]
    for name, lines in changes.items():
        blocks.append("\n".join([paint(name, "bold"), *hunk_lines(lines, paint)]))
    if others:
        rows = [
            f"  {paint(f'kata solution --name {other.name}', 'cyan')}  {paint(escape(other.title), 'dim')}"
            for other in others
        ]
        blocks.append("\n".join([paint("Other ways that score 100", "bold"), *rows]))
    blocks.append(
        paint(f"  kata solution --name {solution.name} --into DIR  writes it as a repository", "dim")
    )
    return "\n\n".join(blocks)


def _idea(brief: str) -> list[str]:
    # The brief up to its second heading: the story and what is asked.
    parts: list[str] = []
    for block in brief.strip().split("\n\n"):
        if block.startswith("## "):
            break
        if not block.startswith("# "):
            parts.append(block)
    return parts


def _check(check: Check, paint: Paint) -> str:
    facts = paint(f"{check.points} points, {check.visibility}", "dim")
    lines = [f"  {paint(check.id, 'bold')}  {facts}"]
    lines += [f"    {line}" for line in wrap(escape(check.title), paint.width - 4)]
    return "\n".join([*lines, "", *paragraph(check.feedback, paint)])


_HEADINGS = {
    "what": "What it means",
    "decided": "How it is decided",
    "why": "Why it matters",
    "fix": "How to fix it",
    "false_positives": "When it is not a fault",
    "proved": "Proved",
    "suspected": "Suspected",
    "sql": "In SQL",
    "orm": "In an ORM",
}
# What follows these keeps its lines as far as they fit.
_VERBATIM = {"sql", "orm", "code", "shell"}


def _heading(key: str) -> str:
    return _HEADINGS.get(key, key.replace("_", " ").capitalize())


def _value(value: Any, paint: Paint, *, key: str = "") -> list[str]:
    if isinstance(value, Mapping):
        return _titled(value, paint)
    if isinstance(value, str) and key in _VERBATIM:
        return code_lines(value, paint, sql=key == "sql")
    if isinstance(value, str) and "\n" in value.strip():
        return _prose_and_code(value, paint)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [line for entry in value for line in paragraph(f"- {_plain(entry)}", paint, indent="  ")]
    return paragraph(str(value), paint, indent="  ")


def _titled(value: Mapping[str, Any], paint: Paint) -> list[str]:
    lines: list[str] = []
    for key, entry in value.items():
        lines += ["", f"  {paint(_heading(str(key)), 'bold')}", *_value(entry, paint, key=str(key))]
    return lines[1:]


def _plain(entry: Any) -> str:
    return (
        ", ".join(f"{key}: {value}" for key, value in entry.items())
        if isinstance(entry, Mapping)
        else str(entry)
    )


def _prose_and_code(text: str, paint: Paint) -> list[str]:
    lines: list[str] = []
    for block in text.strip("\n").split("\n\n"):
        if lines:
            lines.append("")
        if block.startswith(("    ", "```")):
            code = [line.removeprefix("    ") for line in block.splitlines() if not line.startswith("```")]
            lines += code_lines("\n".join(code), paint)
        else:
            lines += paragraph(block, paint, indent="  ")
    return lines
