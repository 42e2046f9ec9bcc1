"""Engines and pools, one of each kind; made once, at import."""

import os

import asyncpg
from playhouse.pool import PooledPostgresqlDatabase
from psycopg2.pool import ThreadedConnectionPool
from psycopg_pool import ConnectionPool
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

DATABASE_URL = os.environ["DATABASE_URL"]
POOL_SIZE = int(os.environ.get("POOL_SIZE", "4"))

ENGINE_URL = DATABASE_URL.replace("postgresql:", "postgresql+psycopg2:")
engine = create_engine(ENGINE_URL, pool_size=POOL_SIZE, max_overflow=0, pool_timeout=1)
SessionLocal = sessionmaker(bind=engine)

async_engine = create_async_engine(os.environ["ASYNC_URL"], pool_size=POOL_SIZE, max_overflow=0, pool_timeout=1)
AsyncSessionLocal = async_sessionmaker(async_engine)

pool = ConnectionPool(DATABASE_URL, min_size=1, max_size=POOL_SIZE, timeout=1, open=True)
legacy_pool = ThreadedConnectionPool(1, POOL_SIZE, DATABASE_URL)
async_pool = asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=POOL_SIZE)

database = PooledPostgresqlDatabase(DATABASE_URL, max_connections=POOL_SIZE, timeout=1)
