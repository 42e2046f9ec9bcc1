"""Helpers that other modules use around connections."""

from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import text

from app.db import async_pool, engine, legacy_pool, pool


def open_reader():
    """A connection that the caller closes."""
    return engine.connect()


def open_reader_with_timezone(zone):
    """A connection that the caller closes, set up first."""
    conn = engine.connect()
    try:
        conn.execute(text("SELECT :zone"), {"zone": zone})
    except Exception:
        conn.close()
        raise
    return conn


def close_quietly(conn):
    """Closes a connection, whatever its state."""
    try:
        conn.rollback()
    except Exception:
        pass
    finally:
        conn.close()


def finish(conn, message):
    """Writes the closing audit entry, then closes."""
    conn.execute(text("INSERT INTO audit_log VALUES (:message)"), {"message": message})
    conn.commit()
    conn.close()


def record(conn, message):
    """Writes an audit entry on a connection that stays the caller's."""
    conn.execute(text("INSERT INTO audit_log VALUES (:message)"), {"message": message})


def give_back(conn):
    """Returns a psycopg2 connection to its pool."""
    legacy_pool.putconn(conn)


@contextmanager
def legacy_connection():
    """A psycopg2 connection for a block."""
    conn = legacy_pool.getconn()
    try:
        yield conn
    finally:
        legacy_pool.putconn(conn)


def take():
    """A pooled psycopg connection; `pool.putconn` returns it."""
    conn = pool.getconn()
    conn.prepare_threshold = None
    return conn


@asynccontextmanager
async def acquired():
    """An asyncpg connection for a block."""
    conn = await async_pool.acquire()
    try:
        yield conn
    finally:
        await async_pool.release(conn)


def with_connection(work):
    """Runs `work` with a connection."""
    conn = engine.connect()
    try:
        return work(conn)
    finally:
        conn.close()
