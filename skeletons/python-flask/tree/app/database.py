"""The way to PostgreSQL: one pool of connections for the process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
    os.environ["DATABASE_URL"],
    min_size=1,
    max_size=16,
    open=False,
    kwargs={"row_factory": dict_row},
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
