"""Which sandbox a run gets, and the refusals."""

from __future__ import annotations

from typing import Any

import pytest
from boxes import made

from graders.errors import SandboxError, UsageError
from graders.sandbox import choice
from graders.sandbox.bubblewrap import BubblewrapSandbox
from graders.sandbox.choice import choose
from graders.sandbox.probing import PROMISES, probe
from graders.sandbox.process import ProcessSandbox


class WithoutGroups(BubblewrapSandbox):
    """A machine where this user has no control groups."""

    def unenforced(self, *_: Any, **__: Any) -> tuple[str, ...]:
        return ("memory is not limited", "the number of processes is not limited")


def test_a_learner_s_own_code_runs_as_a_plain_process() -> None:
    chosen = choose()
    assert (chosen.name, chosen.tier, chosen.confinement.promises) == ("process", "T0", ())


def test_untrusted_code_is_not_run_as_a_plain_process() -> None:
    with pytest.raises(UsageError) as refused:
        choose("process", untrusted=True)
    assert "untrusted" in refused.value.message and "kata doctor --sandbox" in refused.value.hint


def test_an_unknown_sandbox_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="jail"):
        choose("jail")


def test_untrusted_code_gets_a_box_whose_promises_are_verified() -> None:
    made("bubblewrap")
    chosen = choose(untrusted=True)
    assert chosen.tier == "T1"
    assert [promise.name for promise in chosen.confinement.promises] == list(PROMISES)
    assert chosen.confinement.unverified == ()


def test_without_limits_untrusted_code_is_refused_with_the_way_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made("bubblewrap")
    monkeypatch.setitem(choice.BACKENDS, "bubblewrap", WithoutGroups)
    with pytest.raises(UsageError) as refused:
        choose(untrusted=True)
    assert "memory" in refused.value.message and "systemd-run" in refused.value.hint
    trusted = choose("bubblewrap")
    assert {promise.name for promise in trusted.confinement.unverified} == {"memory", "forks"}


def test_without_bubblewrap_the_refusal_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**_: object) -> BubblewrapSandbox:
        raise SandboxError("bubblewrap is not installed", hint="apt install bubblewrap")

    monkeypatch.setitem(choice.BACKENDS, "bubblewrap", missing)
    with pytest.raises(UsageError) as refused:
        choose(untrusted=True)
    assert refused.value.exit_code == 2
    assert "apt install bubblewrap" in refused.value.hint


def test_the_probes_see_that_a_plain_process_keeps_next_to_nothing() -> None:
    failed = {promise.name for promise in probe(ProcessSandbox()) if promise.state == "failed"}
    assert {"files", "namespaces", "calls", "sockets", "network", "processes", "privileges", "disk"} <= failed
