"""The way to PostgreSQL: one engine for the process, transactions that are tried again where that helps."""

import os
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from app.problems import DOUBLE_BOOKING, Problem

Result = TypeVar("Result")

# Serialization failure and deadlock: nobody did anything wrong, the other one was just first.
TRY_AGAIN = {"40001", "40P01"}
MOST_TRIES = 12


def database_url() -> str:
    """DATABASE_URL as SQLAlchemy wants it: with the driver's name in the scheme."""
    _, _, rest = os.environ["DATABASE_URL"].partition("://")
    return f"postgresql+psycopg://{rest}"


engine = create_engine(
    database_url(),
    pool_size=10,
    pool_pre_ping=True,
    connect_args={"options": "-c timezone=UTC"},
    isolation_level="SERIALIZABLE",
)
new_session = sessionmaker(engine)


def in_transaction(work: Callable[[Session], Result]) -> Result:
    """What `work` gives, done in a transaction of its own; from the beginning again after a deadlock."""
    for tries in range(1, MOST_TRIES + 1):
        try:
            with new_session() as session, session.begin():
                return work(session)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in TRY_AGAIN:
                raise Problem(DOUBLE_BOOKING, "Somebody else was booking at the same time.") from None
            raise
    raise AssertionError("unreachable")
