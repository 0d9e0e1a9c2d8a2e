"""The way to PostgreSQL: one pool of connections for the process."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from psycopg import Connection, errors
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

T = TypeVar("T")
ATTEMPTS = 20

pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
    os.environ["DATABASE_URL"],
    min_size=1,
    max_size=16,
    open=False,
    kwargs={"row_factory": dict_row, "options": "-c timezone=UTC"},
    check=ConnectionPool.check_connection,
)


@contextmanager
def connection() -> Iterator[Connection[DictRow]]:
    """A connection in a transaction: committed when the block ends, rolled back when it raises.

    Rows are dictionaries: `db.execute("SELECT … WHERE id = %s", [id]).fetchone()["name"]`.
    """
    pool.open()
    with pool.connection() as db:
        yield db


def in_transaction(work: Callable[[Connection[DictRow]], T]) -> T:
    """What `work` returns. It is repeated, in a new transaction, where PostgreSQL gave one up for another."""
    for attempt in range(1, ATTEMPTS):
        try:
            with connection() as db:
                return work(db)
        except (errors.DeadlockDetected, errors.SerializationFailure):
            time.sleep(random.uniform(0, 0.01 * attempt))
    with connection() as db:
        return work(db)
