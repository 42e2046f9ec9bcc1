"""The engine."""

import os

from sqlmodel import create_engine

engine = create_engine(
    os.environ["DATABASE_URL"],
    pool_size=20,
    max_overflow=10,
    pool_timeout=30,
    pool_pre_ping=True,
)
