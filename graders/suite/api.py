"""Everything that a suite may import from `graders`; docs/suite.md describes how to use it.

Records and readers are names of this module. The libraries of checks are modules: `access_matrix`,
`evidence_queries`, `openapi`, `response_diff` and `secret_scan`. They, and what needs a parser of SQL, are imported
when a suite asks for them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from graders.backing.postgres.session import Database
from graders.errors import SuiteError
from graders.faults.database_proxy import DatabaseProxy, Fault, FaultError, open_database_proxy
from graders.faults.lock_gate import Calls, GateStatus, HeldGate, LockGate
from graders.faults.protocol import is_commit
from graders.http.client import Answer, AnswerError, Client, Headers, Request, TransportFailure
from graders.sql.activity.growth import Growth
from graders.sql.activity.recording import Recording, Transaction
from graders.sql.plans.plan import Node, nodes_of, read_plan
from graders.sql.statement import Statement
from graders.suite.concurrency import concurrently
from graders.suite.evidence import Collector
from graders.suite.instances import Instance, ServiceGone
from graders.suite.library.problem_details import must_be_problem, problem_mismatch, problem_of
from graders.suite.library.responses import (
    JsonObject,
    abbreviate,
    is_row_id,
    json_object,
    location_path,
)
from graders.suite.metering import GrowthMeter, RecordingMeter, cost, growing, is_flat
from graders.suite.time_budget import Deadline, lifetime

if TYPE_CHECKING:
    from graders.sql.judging import evidence_queries
    from graders.sql.judging.canary import standing_of
    from graders.sql.text.fingerprint import Shape, shape_of
    from graders.suite.library import access_matrix, openapi, response_diff, secret_scan

__all__ = [
    "Answer",
    "AnswerError",
    "Calls",
    "Client",
    "Collector",
    "Database",
    "DatabaseProxy",
    "Deadline",
    "Fault",
    "FaultError",
    "GateStatus",
    "Growth",
    "GrowthMeter",
    "Headers",
    "HeldGate",
    "Instance",
    "JsonObject",
    "LockGate",
    "Node",
    "Recording",
    "RecordingMeter",
    "Request",
    "ServiceGone",
    "Shape",
    "Statement",
    "SuiteError",
    "Transaction",
    "TransportFailure",
    "abbreviate",
    "access_matrix",
    "concurrently",
    "cost",
    "evidence_queries",
    "growing",
    "is_commit",
    "is_flat",
    "is_row_id",
    "json_object",
    "lifetime",
    "location_path",
    "must_be_problem",
    "nodes_of",
    "open_database_proxy",
    "openapi",
    "problem_mismatch",
    "problem_of",
    "read_plan",
    "response_diff",
    "secret_scan",
    "shape_of",
    "standing_of",
]

LIBRARIES = ("access_matrix", "evidence_queries", "openapi", "response_diff", "secret_scan")


_LATER = {
    "Shape": "graders.sql.text.fingerprint",
    "shape_of": "graders.sql.text.fingerprint",
    "standing_of": "graders.sql.judging.canary",
}


def __getattr__(name: str) -> Any:
    if name == "evidence_queries":
        return importlib.import_module("graders.sql.judging.evidence_queries")
    if name in LIBRARIES:
        return importlib.import_module(f"graders.suite.library.{name}")
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
