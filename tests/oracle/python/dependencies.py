"""Generators and context managers that hand out sessions and connections, and their users."""

from contextlib import closing, contextmanager

from app.checkout import with_connection
from app.db import SessionLocal, engine, legacy_pool, pool
from sqlalchemy import text
from sqlalchemy.orm import Session


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


def get_session():
    session = SessionLocal()
    session.execute(text("SELECT 1"))
    yield session
    session.close()


def get_scoped_session():
    with Session(engine) as session:
        yield session


def get_connection():
    conn = engine.connect()
    try:
        yield conn
    except Exception:
        conn.rollback()
        raise
    conn.close()


@contextmanager
def read_only():
    conn = pool.getconn()
    try:
        conn.execute("SET TRANSACTION READ ONLY")
        yield conn
    finally:
        pool.putconn(conn)


@contextmanager
def serializable():
    conn = pool.getconn()
    conn.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    try:
        yield conn
    finally:
        pool.putconn(conn)


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


@contextmanager
def reporting():
    conn = engine.connect()
    yield conn
    conn.close()


def order_rows():
    with engine.connect() as conn:
        for row in conn.execute(text("SELECT id, total FROM orders")).all():
            yield row.id, row.total


def user_rows():
    conn = engine.connect()
    for row in conn.execute(text("SELECT id, name FROM users")).all():
        yield row.id, row.name
    conn.close()


@contextmanager
def _locked_job(job_id):
    conn = legacy_pool.getconn()
    try:
        yield conn, job_id
    finally:
        legacy_pool.putconn(conn)


def run_job(job_id):
    with _locked_job(job_id) as (conn, locked):
        with conn.cursor() as cursor:
            cursor.execute("SELECT payload FROM jobs WHERE id = %s", (locked,))
            return cursor.fetchone()


def run_jobs_until_failure(job_ids):
    for job_id in job_ids:
        with _locked_job(job_id) as (conn, _):
            with conn.cursor() as cursor:
                cursor.execute("SELECT status FROM jobs WHERE id = %s", (job_id,))
                if cursor.fetchone() is None:
                    break


def first_database():
    with closing(get_db()) as dependency:
        for db in dependency:
            return db.execute(text("SELECT count(*) FROM users")).scalar()


def users_through_wrapper():
    return with_connection(lambda conn: conn.execute(text("SELECT name FROM users")).scalars().all())
