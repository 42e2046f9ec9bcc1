"""Transactions that are opened and ended by hand."""

import os

import psycopg
from app import db
from app.db import autocommit_engine, autocommit_pool, database, engine
from django.db import transaction
from shop.models import Order
from sqlalchemy import text

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


async def copy_order(order_id):
    async with db.async_pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute("UPDATE orders SET status = 'copied' WHERE id = $1", order_id)
        await transaction.commit()


async def copy_order_safely(order_id):
    async with db.async_pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        try:
            await conn.execute("UPDATE orders SET status = 'copied' WHERE id = $1", order_id)
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit()


def turn_off_autocommit(order_id):
    transaction.set_autocommit(False)
    Order.objects.filter(pk=order_id).update(status="off")
    transaction.commit()
    transaction.set_autocommit(True)


def begin_by_hand(order_id):
    with engine.connect() as conn:
        transaction = conn.begin()
        conn.execute(SET_STATUS, {"status": "hand", "id": order_id})
        transaction.commit()


def begin_job(job_id):
    database.connect()
    database.begin()
    database.execute_sql("UPDATE jobs SET status = 'begun' WHERE id = %s", (job_id,))
    database.commit()
    database.close()


def begin_job_safely(job_id):
    database.connect()
    try:
        database.begin()
        try:
            database.execute_sql("UPDATE jobs SET status = 'begun' WHERE id = %s", (job_id,))
            database.commit()
        except Exception:
            database.rollback()
            raise
    finally:
        database.close()


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
