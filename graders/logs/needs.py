"""What single rules need besides a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Need = Literal["schema", "tenant", "run"]

# "run": only a graded run has it (hostile values, a reference solution, the HTTP answer).
NEEDS: Mapping[str, Need] = {
    "split-transaction": "schema",
    "lost-update": "schema",
    "unused-index": "schema",
    "not-sargable": "schema",
    "missing-tenant": "tenant",
    "injection": "run",
    "dynamic-identifier": "run",
    "over-budget": "run",
    "over-fetch": "run",
    "unbounded-read": "run",
}
# Rules that judge plans: auto_explain writes them.
OF_PLANS = ("missing-index", "not-sargable", "count-for-paging", "deep-offset")
