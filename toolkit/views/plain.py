"""A check's evidence as plain text, for formats that carry nothing richer."""

from __future__ import annotations

from graders.results.verdicts import CheckResult
from toolkit.views.evidence import evidence_lines
from toolkit.views.growth import growth_lines
from toolkit.views.paint import Paint

_PLAIN = Paint(color=False, width=120)


def evidence_text(check: CheckResult) -> str:
    """Growth, statements and requests, without paint."""
    blocks = [growth_lines(cost, _PLAIN) for cost in check.costs]
    blocks.append(evidence_lines(check.evidence, _PLAIN, verbose=True))
    return "\n\n".join("\n".join(line.removeprefix("    ") for line in block) for block in blocks if block)
