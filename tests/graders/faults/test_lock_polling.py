"""A session that asks for a lock again and again is distinguished from a session that has long been idle."""

from __future__ import annotations

from graders.faults.lock_polling import LockPolling, SessionSnapshot


def idle(pid: int, started: object) -> SessionSnapshot:
    return SessionSnapshot(pid, "", started, waits=False, for_us=False, sleeps=False)


def test_idle_sessions_of_a_pool_are_no_knocks() -> None:
    pool = [idle(pid, pid * 10) for pid in range(40)]
    polls = LockPolling()
    assert not any(polls.detected(pool, 0, 1) for _ in range(5))
    assert not any(polls.detected(pool, 1, 1) for _ in range(5)), "a call has ended, and they are idle still"


def test_connections_that_have_said_nothing_yet_are_no_knocks() -> None:
    polls = LockPolling()
    assert not any(polls.detected([idle(pid, None) for pid in range(look)], 0, 1) for look in range(40))


def test_a_session_that_begins_a_statement_at_every_look_knocks() -> None:
    polls = LockPolling()
    pool = [idle(pid, pid) for pid in range(40)]
    assert any(
        polls.detected([*pool, SessionSnapshot(99, "select", look, False, False, False)], 0, 1)
        for look in range(30)
    )
    assert polls.pids == [99]
