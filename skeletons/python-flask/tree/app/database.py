"""The way to PostgreSQL: a pool of connections for the process, opened when it is first needed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool


@cache
def pool() -> ConnectionPool[Connection[DictRow]]:
    return ConnectionPool(
        os.environ["DATABASE_URL"],
        min_size=1,
        max_size=16,
        open=True,
        kwargs={"row_factory": dict_row},
        check=ConnectionPool.check_connection,
    )


@contextmanager
def connection() -> Iterator[Connection[DictRow]]:
    """A connection in a transaction: committed when the block ends, rolled back when it raises."""
    with pool().connection() as db:
        yield db
