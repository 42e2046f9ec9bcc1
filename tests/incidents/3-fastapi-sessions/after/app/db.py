"""The engine, and the session of a request."""

import os
from collections.abc import Iterator

from sqlmodel import Session, create_engine

# Every worker process has a pool of its own: 16 x (5 + 5) = 160 connections in all.
engine = create_engine(
    os.environ["DATABASE_URL"],
    pool_size=5,
    max_overflow=5,
    pool_timeout=30,
    pool_pre_ping=True,
)


def get_session() -> Iterator[Session]:
    """A session that ends with the request."""
    with Session(engine) as session:
        yield session
