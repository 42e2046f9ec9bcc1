"""Transactions in plain SQL."""

import os

import psycopg
from sqlalchemy import text
from tools.db import autocommit_engine, autocommit_pool

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ"
SET_STATUS = text("UPDATE orders SET status = :status WHERE id = :id")


def write_direct(message):
    conn = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    try:
        conn.execute(BEGIN)
        conn.execute("INSERT INTO audit_log VALUES (%s)", (message,))
        conn.execute("COMMIT")
    finally:
        conn.close()


def transfer(order_id):
    with autocommit_engine.connect() as conn:
        conn.execute(text("BEGIN"))
        conn.execute(SET_STATUS, {"status": "moved", "id": order_id})
        conn.execute(text("COMMIT"))


def transfer_safely(order_id):
    with autocommit_engine.connect() as conn:
        conn.execute(text("BEGIN"))
        try:
            conn.execute(SET_STATUS, {"status": "moved", "id": order_id})
            conn.execute(text("COMMIT"))
        except Exception:
            conn.execute(text("ROLLBACK"))
            raise


def move_job(job_id):
    with autocommit_pool.connection() as conn:
        conn.execute("BEGIN")
        conn.execute("UPDATE jobs SET status = 'moved' WHERE id = %s", (job_id,))
        conn.execute("COMMIT")


def forget_commit(order_id, keep):
    with autocommit_engine.connect() as conn:
        conn.execute(text("BEGIN"))
        try:
            conn.execute(SET_STATUS, {"status": "kept", "id": order_id})
            if keep:
                conn.execute(text("COMMIT"))
        except Exception:
            conn.execute(text("ROLLBACK"))
            raise
