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
OVER = text("SELECT id FROM orders WHERE status = 'reserved' AND expires_at <= clock_timestamp() ORDER BY id")


def sweep() -> None:
    """Expire every order whose time is over."""
    with new_session() as session:
        for id in session.scalars(OVER).all():
            session.execute(orders.CLOSE, {"id": id, "status": "expired"})
            stock.give(session, orders.lines_of(session, id))
            session.commit()


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
