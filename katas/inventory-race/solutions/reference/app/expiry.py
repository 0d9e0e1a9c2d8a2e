"""Reservations whose time is over: a thread in each process gives their units back."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text

from app import orders, stock
from app.database import new_session

PAUSE_SECONDS = 0.5
# Other processes sweep as well, and a confirm may be under way: what is locked is left to them.
EXPIRE_ONE = text("""
    UPDATE orders SET status = 'expired'
    WHERE id = (
        SELECT id FROM orders WHERE status = 'reserved' AND expires_at <= clock_timestamp()
        ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id
""")


def sweep() -> None:
    """Expire every order whose time is over, each in a transaction of its own."""
    while expire_one():
        pass


def expire_one() -> bool:
    """Whether there was one to expire."""
    with new_session.begin() as session:
        id = session.execute(EXPIRE_ONE).scalar_one_or_none()
        if id is not None:
            stock.give(session, orders.lines_of(session, id))
    return id is not None


@asynccontextmanager
async def sweeping(app: Any) -> AsyncIterator[None]:
    """Sweeps now and then for as long as the service runs."""
    ended = threading.Event()
    threading.Thread(target=_sweep_until, args=(ended,), daemon=True).start()
    yield
    ended.set()


def _sweep_until(ended: threading.Event) -> None:
    while not ended.wait(PAUSE_SECONDS):
        try:
            sweep()
        except Exception:
            # A failed sweep is done again by the next one.
            logging.getLogger(__name__).exception("a sweep failed")
