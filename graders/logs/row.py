"""One entry of a log, whatever format it was written in."""

from __future__ import annotations

from typing import Any, TypeAlias

# The keys are jsonlog's: timestamp, user, dbname, pid, session_id, vxid, txid, error_severity, state_code, message,
# detail, context, statement, application_name, query_id. What a format does not carry is absent.
Row: TypeAlias = dict[str, Any]
