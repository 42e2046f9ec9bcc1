"""Scopes and decorators around connections."""

from contextlib import asynccontextmanager, contextmanager
from functools import wraps

from app.db import SessionLocal, async_pool, engine, legacy_pool


@contextmanager
def unit_of_work():
    session = SessionLocal()
    try:
        yield session
        session.commit()
    except Exception:
        session.rollback()
        raise
    finally:
        session.close()


@contextmanager
def legacy_cursor():
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            yield cursor
        conn.commit()
    except Exception:
        conn.rollback()
        raise
    finally:
        legacy_pool.putconn(conn)


@asynccontextmanager
async def async_transaction():
    async with async_pool.acquire() as conn:
        async with conn.transaction():
            yield conn


def transactional(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        with engine.begin() as conn:
            return function(conn, *args, **kwargs)

    return wrapper


def with_transaction(work):
    with engine.begin() as conn:
        return work(conn)


def in_session(work):
    with SessionLocal() as session:
        result = work(session)
        session.commit()
    return result
