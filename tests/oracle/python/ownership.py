"""Connections that change hands."""

from app.checkout import close_quietly, finish, open_reader, open_reader_with_timezone, record
from app.db import engine, pool
from sqlalchemy import text


def open_writer():
    conn = engine.connect()
    return conn


def open_tuned_writer():
    conn = engine.connect()
    conn.execute(text("PRAGMA busy_timeout = 100"))
    return conn


def read_users():
    conn = open_reader()
    try:
        return conn.execute(text("SELECT name FROM users")).scalars().all()
    finally:
        conn.close()


def read_orders():
    conn = open_reader()
    return conn.execute(text("SELECT id FROM orders")).scalars().all()


def read_jobs(zone):
    conn = open_reader_with_timezone(zone)
    try:
        return conn.execute(text("SELECT id FROM jobs")).scalars().all()
    finally:
        close_quietly(conn)


def read_first_job(zone):
    conn = open_reader_with_timezone(zone)
    job = conn.execute(text("SELECT id FROM jobs")).scalar()
    close_quietly(conn)
    return job


def write_entry(message):
    conn = engine.connect()
    try:
        record(conn, message)
        conn.commit()
    finally:
        close_quietly(conn)


def write_last_entry(message):
    conn = engine.connect()
    finish(conn, message)


def write_entries(messages):
    conn = engine.connect()
    try:
        for message in messages:
            record(conn, message)
        conn.commit()
    except Exception:
        close_quietly(conn)
        raise
    record(conn, "all written")
    close_quietly(conn)


def _shut(conn):
    conn.close()


def _describe(conn):
    return f"connection to {conn.engine.url.database}"


def database_name():
    conn = engine.connect()
    try:
        return _describe(conn)
    finally:
        _shut(conn)


def database_label():
    conn = engine.connect()
    return _describe(conn)


def deferred_close():
    conn = engine.connect()

    def cleanup():
        conn.close()

    try:
        return conn.execute(text("SELECT 1")).scalar()
    finally:
        cleanup()


def close_by_reference():
    conn = engine.connect()
    cleanup = conn.close
    try:
        return conn.execute(text("SELECT 1")).scalar()
    finally:
        cleanup()


def pair_of_readers():
    first = open_reader()
    try:
        second = open_reader()
    except Exception:
        first.close()
        raise
    return first, second


def sum_of_pair():
    first, second = pair_of_readers()
    try:
        total = first.execute(text("SELECT sum(total) FROM orders")).scalar()
        return total + second.execute(text("SELECT count(*) FROM orders")).scalar()
    finally:
        first.close()
        second.close()


def first_of_pair():
    first, second = pair_of_readers()
    try:
        return first.execute(text("SELECT sum(total) FROM orders")).scalar()
    finally:
        first.close()


class Ledger:
    """Keeps a connection until `close`."""

    def __init__(self):
        self.conn = engine.connect()

    def total(self):
        return self.conn.execute(text("SELECT sum(total) FROM orders")).scalar()

    def close(self):
        self.conn.close()


def ledger_total():
    ledger = Ledger()
    try:
        return ledger.total()
    finally:
        ledger.close()


def ledger_total_unless_empty():
    ledger = Ledger()
    total = ledger.total()
    ledger.close()
    return total


class Transaction:
    """A psycopg connection for a `with` block."""

    def __enter__(self):
        self.conn = pool.getconn()
        return self.conn

    def __exit__(self, kind, error, traceback):
        try:
            if error is None:
                self.conn.commit()
            else:
                self.conn.rollback()
        finally:
            pool.putconn(self.conn)


class Batch:
    """A psycopg connection for a `with` block that commits at its end."""

    def __enter__(self):
        self.conn = pool.getconn()
        return self.conn

    def __exit__(self, kind, error, traceback):
        if error is None:
            self.conn.commit()
            pool.putconn(self.conn)


class Snapshot:
    """A reading connection for a `with` block or until `close`."""

    def __init__(self):
        self.conn = engine.connect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.conn.rollback()
        self.conn = None


class Cursor:
    """A cursor for a `with` block."""

    def __enter__(self):
        self.conn = pool.getconn()
        try:
            self.cursor = self.conn.cursor()
        except Exception:
            pool.putconn(self.conn)
            raise
        return self.cursor

    def __exit__(self, *_):
        self.cursor.close()
        pool.putconn(self.conn)


class Savepoint:
    """A connection with a savepoint for a `with` block."""

    def __enter__(self):
        self.conn = pool.getconn()
        self.conn.execute("SAVEPOINT work")
        return self.conn

    def __exit__(self, *_):
        pool.putconn(self.conn)


def job_count_in_transaction():
    with Transaction() as conn:
        return conn.execute("SELECT count(*) FROM jobs").fetchone()
