"""The way to PostgreSQL: one engine for the process, one session for each request."""

import os
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker


def database_url() -> str:
    """DATABASE_URL as SQLAlchemy wants it: with the driver's name in the scheme."""
    _, _, rest = os.environ["DATABASE_URL"].partition("://")
    return f"postgresql+psycopg://{rest}"


# One statement serves every request, so it needs to be planned only once.
OPTIONS = "-c plan_cache_mode=force_generic_plan"
engine = create_engine(database_url(), pool_size=10, pool_pre_ping=True, connect_args={"options": OPTIONS})
new_session = sessionmaker(engine)


class Base(DeclarativeBase):
    """What the mapped classes inherit from."""


def open_session() -> Iterator[Session]:
    with new_session() as session:
        yield session


SessionDependency = Annotated[Session, Depends(open_session)]
