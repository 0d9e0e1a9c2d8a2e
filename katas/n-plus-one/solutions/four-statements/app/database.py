"""The way to PostgreSQL: a pool of connections, one of them for each request."""

import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

Row = dict[str, Any]
pool: ConnectionPool[Connection[Row]] = ConnectionPool(
    os.environ["DATABASE_URL"],
    connection_class=Connection[Row],
    kwargs={"row_factory": dict_row, "options": "-c timezone=UTC"},
    min_size=2,
    max_size=10,
    open=False,
)


def borrow_connection() -> Iterator[Connection[Row]]:
    with pool.connection() as connection:
        yield connection


ConnectionDependency = Annotated[Connection[Row], Depends(borrow_connection)]
