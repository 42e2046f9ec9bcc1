"""Transactions that are opened and ended by hand."""

from app import db
from app.db import database, engine
from sqlalchemy import text

SET_STATUS = text("UPDATE orders SET status = :status WHERE id = :id")


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
