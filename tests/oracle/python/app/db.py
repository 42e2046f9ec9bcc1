"""Engines and pools, one of each kind; made once, at import."""

import os

import asyncpg
from psycopg2.pool import ThreadedConnectionPool
from psycopg_pool import ConnectionPool
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import scoped_session, sessionmaker

DATABASE_URL = os.environ["DATABASE_URL"]

engine = create_engine(os.environ["SQLITE_URL"], pool_size=4, max_overflow=4, pool_timeout=1)
SessionLocal = sessionmaker(bind=engine)
ScopedSession = scoped_session(SessionLocal)

async_engine = create_async_engine(os.environ["ASYNC_URL"], pool_size=4, pool_timeout=1)
AsyncSessionLocal = async_sessionmaker(async_engine)

pool = ConnectionPool(DATABASE_URL, min_size=2, max_size=4, timeout=2, open=True)
legacy_pool = ThreadedConnectionPool(1, 8, DATABASE_URL)
async_pool = asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=4)
