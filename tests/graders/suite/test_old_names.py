"""Imports of older packs: each old name leads to what replaced it, also by every form of import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from graders.suite import old_names

# Everything that suites imported before there was a public surface.
USED = {
    "graders.client": ("Answer", "AnswerError", "Client", "TransportFailure"),
    "graders.database": ("Database",),
    "graders.errors": ("SuiteError",),
    "graders.fault": ("Fault", "FaultError"),
    "graders.instances": ("Instance", "ServiceGone"),
    "graders.likeness": ("differences",),
    "graders.matrix": ("Breach", "Cell", "read_matrix", "walk"),
    "graders.measure": ("GrowthMeter", "RecordingMeter", "cost", "growing", "is_flat"),
    "graders.openapi": ("Finding", "disagreement", "explore", "invalidities", "operations"),
    "graders.reading": ("Shown", "is_row_id", "location_path", "shown", "told"),
    "graders.sql.canary": ("standing_of",),
    "graders.sql.fingerprint": ("shape_of",),
    "graders.sql.growth": ("Growth",),
    "graders.sql.plan": ("nodes_of", "read_plan"),
    "graders.sql.recording": ("Recording", "Transaction"),
    "graders.sql.statement": ("Statement",),
    "graders.starting_gate": ("Calls", "Crowd", "ShutGate", "StartingGate"),
    "graders.sweeps": ("Cell", "Find", "fast_hashes", "find_in_cells", "read_cells", "secrets_in"),
    "graders.together": ("concurrently",),
    "graders.wire": ("Fault", "FaultError", "Wire", "wire"),
    "graders.wire_protocol": ("is_commit",),
}
SCRIPT = f"""
import importlib
from graders.suite import old_names
old_names.install()
old_names.install()
for module, names in {USED!r}.items():
    old = importlib.import_module(module)
    for name in names:
        assert getattr(old, name) is old_names.resolve(module, name), (module, name)
from graders import openapi, sweeps
import graders.reading as reading
from graders.suite.api import JsonObject, LockGate
from graders.starting_gate import StartingGate
assert reading.Shown is JsonObject and StartingGate is LockGate
assert sweeps.fast_hashes(b"x") and openapi.operations({{}}) == ()
try:
    from graders.wire import nothing_of_that_name
except ImportError as error:
    assert "nothing_of_that_name" in str(error)
else:
    raise SystemExit("imported what is not there")
try:
    import graders.openapi.document
except ImportError:
    pass
else:
    raise SystemExit("a second copy of a module was loaded")
"""


def test_suites_of_older_packs_import_as_before() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", sorted(USED))
def test_each_of_them_is_known_as_old(module: str) -> None:
    assert old_names.is_old(module)
    assert all(old_names.resolve(module, name) is not None for name in USED[module])


def test_the_shims_lead_somewhere() -> None:
    for module, (place, renamed) in old_names.MOVED.items():
        assert old_names.resolve(module).__name__ == place
        for name in renamed:
            assert old_names.resolve(module, name) is not None


def test_other_processes_are_left_alone() -> None:
    script = "import graders.suite.old_names\ntry:\n    import graders.client\nexcept ImportError:\n    print('absent')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "absent\n"
