"""Engines and pools; some commit each statement by itself."""

import os

from psycopg2.pool import ThreadedConnectionPool
from psycopg_pool import ConnectionPool
from sqlalchemy import create_engine

DATABASE_URL = os.environ["DATABASE_URL"]
POOL_SIZE = int(os.environ.get("POOL_SIZE", "4"))

engine = create_engine(
    DATABASE_URL.replace("postgresql:", "postgresql+psycopg2:"), pool_size=POOL_SIZE, max_overflow=0, pool_timeout=1
)
autocommit_engine = create_engine(
    DATABASE_URL.replace("postgresql:", "postgresql+psycopg2:"),
    pool_size=POOL_SIZE,
    max_overflow=0,
    pool_timeout=1,
    isolation_level="AUTOCOMMIT",
)

pool = ConnectionPool(DATABASE_URL, min_size=1, max_size=POOL_SIZE, timeout=1, open=True)
autocommit_pool = ConnectionPool(
    DATABASE_URL, min_size=1, max_size=POOL_SIZE, timeout=1, kwargs={"autocommit": True}, open=True
)
legacy_pool = ThreadedConnectionPool(1, POOL_SIZE, DATABASE_URL)
