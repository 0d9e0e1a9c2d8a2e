"""A grade as a table: one row a check, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from graders.results.grade import Grade
from toolkit.text import escape

COLUMNS = (
    "kata",
    "stack",
    "check",
    "verdict",
    "points",
    "max",
    "title",
    "message",
    "blocked_by",
    "seed",
    "valid",
    "flags",
)


def render_csv(grade: Grade) -> str:
    """RFC 4180, UTF-8, lines ended by CRLF."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for check in grade.checks:
        row = (
            grade.kata,
            grade.stack,
            check.id,
            check.verdict,
            check.points,
            check.max,
            check.title,
            check.message,
            check.blocked_by or "",
            grade.seed,
            str(grade.valid).lower(),
            "; ".join(f"{flag.kind} {flag.code}" for flag in grade.flags),
        )
        writer.writerow([neutral(cell) for cell in row])
    return text.getvalue()


def neutral(cell: object) -> object:
    """`cell`, with an apostrophe before a text that a spreadsheet would run as a formula."""
    # https://owasp.org/www-community/attacks/CSV_Injection; signs that are skipped before it do not help it either.
    if not isinstance(cell, str):
        return cell
    text = escape(cell)
    if text.lstrip(" \u00a0\u200b\ufeff")[:1] in (
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "＝",
        "＋",
        "－",
        "＠",
    ):
        return "'" + text
    return text
