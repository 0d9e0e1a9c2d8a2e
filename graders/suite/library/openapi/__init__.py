"""OpenAPI documents: valid by a maintained validator, true by answers to requests that are made from them."""

from __future__ import annotations

from graders.suite.library.openapi.document import Operation, invalidities, operations, prefix_of, resolved
from graders.suite.library.openapi.exploring import CHECKS, Disagreement, disagreement, explore, warm_up
from graders.suite.library.openapi.truth import contradiction

__all__ = [
    "CHECKS",
    "Disagreement",
    "Operation",
    "contradiction",
    "disagreement",
    "explore",
    "invalidities",
    "operations",
    "prefix_of",
    "resolved",
    "warm_up",
]
