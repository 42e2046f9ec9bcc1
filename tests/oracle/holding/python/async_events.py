"""Asynchronous handlers on asyncpg and SQLAlchemy."""

import asyncio

import httpx
from app import db
from app.db import AsyncSessionLocal, async_engine
from app.events import encode, in_transaction, publish, publish_all
from app.models import Order, User
from app.scopes import async_transaction
from sqlalchemy import text

UPDATE_ORDER = "UPDATE orders SET status = $2 WHERE id = $1"


async def open_order(order_id):
    async with db.async_pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute(UPDATE_ORDER, order_id, "open")
            await publish("open")


async def begin_order(order_id):
    async with db.async_pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute(UPDATE_ORDER, order_id, "begun")
    await publish("begun")


async def touch_order(order_id):
    async with db.async_pool.acquire() as conn:
        await conn.execute(UPDATE_ORDER, order_id, "touched")
        await publish("touched")


async def mark_order(order_id):
    async with db.async_pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute(UPDATE_ORDER, order_id, "marked")
        await publish("marked")


async def fetch_order(order_id):
    status = await db.async_pool.fetchval("SELECT status FROM orders WHERE id = $1", order_id)
    await publish(status)


async def encode_order(order_id):
    async with db.async_pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute(UPDATE_ORDER, order_id, "encoded")
            return await encode("encoded")


async def spawn_order(order_id):
    async with db.async_pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute(UPDATE_ORDER, order_id, "spawned")
            asyncio.create_task(publish("spawned"))


async def plan_order(order_id):
    async with db.async_pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute(UPDATE_ORDER, order_id, "planned")
            pending = publish("planned")
    await pending


async def gather_order(order_id):
    async with db.async_pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute(UPDATE_ORDER, order_id, "gathered")
            await asyncio.gather(publish("gathered"), publish("counted"))


async def gather_events(order_id):
    async with db.async_pool.acquire() as conn:
        rows = await conn.fetch("SELECT status FROM orders WHERE user_id = $1", order_id)
    await asyncio.gather(*(publish(row["status"]) for row in rows))


async def spread_events(order_id):
    async with db.async_pool.acquire() as conn:
        rows = await conn.fetch("SELECT status FROM orders WHERE user_id = $1", order_id)
        await asyncio.gather(*(publish(row["status"]) for row in rows))


async def pass_events(order_id):
    async with async_transaction() as conn:
        await conn.execute(UPDATE_ORDER, order_id, "passed")
        await publish_all(["passed"])


async def pass_events_later(order_id):
    async with async_transaction() as conn:
        await conn.execute(UPDATE_ORDER, order_id, "passed")
    await publish_all(["passed"])


async def wrap_order(order_id):
    async def work(conn):
        await conn.execute(UPDATE_ORDER, order_id, "wrapped")
        await publish("wrapped")

    await in_transaction(db.async_pool, work)


async def fold_order(order_id):
    async def work(conn):
        await conn.execute(UPDATE_ORDER, order_id, "folded")

    await in_transaction(db.async_pool, work)
    await publish("folded")


async def delay_order(order_id):
    conn = await db.async_pool.acquire()
    transaction = conn.transaction()
    await transaction.start()
    try:
        await conn.execute(UPDATE_ORDER, order_id, "delayed")
        await asyncio.sleep(0.2)
        await transaction.commit()
    except Exception:
        await transaction.rollback()
        raise
    finally:
        await db.async_pool.release(conn)


async def defer_order(order_id):
    conn = await db.async_pool.acquire()
    try:
        async with conn.transaction():
            await conn.execute(UPDATE_ORDER, order_id, "deferred")
    finally:
        await db.async_pool.release(conn)
    await asyncio.sleep(0.2)


async def fail_order(order_id):
    conn = await db.async_pool.acquire()
    transaction = conn.transaction()
    await transaction.start()
    try:
        await conn.execute(UPDATE_ORDER, order_id, "failed")
    except Exception:
        await publish("failed")
        await transaction.rollback()
        raise
    else:
        await transaction.commit()
    finally:
        await db.async_pool.release(conn)


async def count_orders(user_id):
    async with db.async_pool.acquire() as conn:
        rows = await conn.fetch("SELECT id FROM orders WHERE user_id = $1", user_id)
        for row in rows:
            await db.async_pool.execute("INSERT INTO audit_log VALUES ($1)", str(row["id"]))


async def list_orders(user_id):
    rows = await db.async_pool.fetch("SELECT id FROM orders WHERE user_id = $1", user_id)
    for row in rows:
        await db.async_pool.execute("INSERT INTO audit_log VALUES ($1)", str(row["id"]))


async def spread_orders(user_id):
    rows = await db.async_pool.fetch("SELECT id FROM orders WHERE user_id = $1", user_id)
    await asyncio.gather(*(db.async_pool.execute("INSERT INTO audit_log VALUES ($1)", str(row["id"])) for row in rows))


async def refresh_user(user_id):
    async with AsyncSessionLocal() as session:
        user = await session.get(User, user_id)
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"https://profiles.example.com/{user_id}")
        user.name = answer.text
        await session.commit()


async def reload_user(user_id):
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"https://profiles.example.com/{user_id}")
    async with AsyncSessionLocal() as session:
        user = await session.get(User, user_id)
        user.name = answer.text
        await session.commit()


async def approve_order(order_id):
    async with AsyncSessionLocal.begin() as session:
        order = await session.get(Order, order_id)
        order.status = "approved"
        await publish("approved")


async def accept_order(order_id):
    async with AsyncSessionLocal() as session:
        order = await session.get(Order, order_id)
        order.status = "accepted"
        await session.commit()
        await publish("accepted")


async def audit_order(order_id):
    async with async_engine.begin() as conn:
        await conn.execute(text("INSERT INTO audit_log VALUES ('audit')"))
        await publish("audit")
    return order_id


async def review_order(order_id):
    async with async_engine.connect() as conn:
        result = await conn.execute(text("SELECT status FROM orders WHERE id = :id"), {"id": order_id})
        status = result.scalar_one()
    await publish(status)
