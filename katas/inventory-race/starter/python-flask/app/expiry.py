"""Reservations whose time is over: a thread in each process gives their units back."""

import logging
import threading
import time

from app import orders, stock
from app.database import connection

PAUSE_SECONDS = 0.5


def sweep() -> None:
    """Expire every order whose time is over."""
    with connection() as db:
        over = db.execute("SELECT id FROM orders WHERE status = 'reserved' AND expires_at <= clock_timestamp() ORDER BY id")
        for row in over.fetchall():
            orders.set_status(db, row["id"], "expired")
            stock.give(db, orders.lines_of(db, row["id"]))
            db.commit()


def start() -> None:
    """Sweep now and then for as long as the process runs."""
    threading.Thread(target=_sweep_always, daemon=True).start()


def _sweep_always() -> None:
    while True:
        time.sleep(PAUSE_SECONDS)
        try:
            sweep()
        except Exception:
            # A failed sweep is done again by the next one.
            logging.getLogger(__name__).exception("a sweep failed")
