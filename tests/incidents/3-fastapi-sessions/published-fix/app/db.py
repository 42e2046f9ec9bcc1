"""The engine, and the session of a request."""

import os
from collections.abc import Iterator

from sqlalchemy.exc import OperationalError
from sqlmodel import Session, create_engine
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

workers = int(os.getenv("WEB_CONCURRENCY", 16))

engine = create_engine(
    os.environ["DATABASE_URL"],
    pool_size=workers * 2 + 20,
    max_overflow=20,
    pool_timeout=30,
    pool_pre_ping=True,
)


@retry(retry=retry_if_exception_type(OperationalError), stop=stop_after_attempt(3), wait=wait_fixed(1))
def get_session() -> Iterator[Session]:
    """A session that ends with the request."""
    with Session(engine) as session:
        yield session
