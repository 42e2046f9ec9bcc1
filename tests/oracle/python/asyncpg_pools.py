"""Notifications on asyncpg."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager

from app.checkout import acquired
from app.db import async_pool


async def unread():
    async with async_pool.acquire() as conn:
        return await conn.fetchval("SELECT count(*) FROM audit_log")


async def latest_message():
    conn = await async_pool.acquire()
    message = await conn.fetchval("SELECT max(message) FROM audit_log")
    await async_pool.release(conn)
    return message


async def message_lengths():
    conn = await async_pool.acquire()
    try:
        return await conn.fetch("SELECT length(message) FROM audit_log LIMIT 5")
    finally:
        await async_pool.release(conn)


async def notify_user(user_id):
    conn = await async_pool.acquire()
    transaction = conn.transaction()
    await transaction.start()
    try:
        await conn.execute("INSERT INTO audit_log VALUES ($1)", f"user {user_id}")
        await transaction.commit()
    except Exception:
        await transaction.rollback()
        raise
    finally:
        await async_pool.release(conn)


async def notify_order(order_id):
    conn = await async_pool.acquire()
    try:
        async with conn.transaction():
            await conn.execute("INSERT INTO audit_log VALUES ($1)", f"order {order_id}")
    finally:
        await async_pool.release(conn)


async def user_and_order(user_id, order_id):
    users, orders = await asyncio.gather(async_pool.acquire(), async_pool.acquire())
    try:
        name = await users.fetchval("SELECT name FROM users WHERE id = $1", user_id)
        return name, await orders.fetchval("SELECT total FROM orders WHERE id = $1", order_id)
    finally:
        await async_pool.release(users)
        await async_pool.release(orders)


async def user_with_order(user_id, order_id):
    async def name():
        async with async_pool.acquire() as conn:
            return await conn.fetchval("SELECT name FROM users WHERE id = $1", user_id)

    async def total():
        async with async_pool.acquire() as conn:
            return await conn.fetchval("SELECT total FROM orders WHERE id = $1", order_id)

    return await asyncio.gather(name(), total())


async def order_ids():
    async with async_pool.acquire() as conn:
        for record in await conn.fetch("SELECT id FROM orders"):
            yield record["id"]


async def user_ids():
    conn = await async_pool.acquire()
    for record in await conn.fetch("SELECT id FROM users"):
        yield record["id"]
    await async_pool.release(conn)


async def highest_order_id():
    highest = 0
    async for order_id in order_ids():
        highest = order_id if order_id > highest else highest
    return highest


@asynccontextmanager
async def transaction():
    conn = await async_pool.acquire()
    try:
        async with conn.transaction():
            yield conn
    finally:
        await async_pool.release(conn)


@asynccontextmanager
async def snapshot():
    conn = await async_pool.acquire()
    await conn.execute("SET default_transaction_read_only = on")
    try:
        yield conn
    finally:
        await async_pool.release(conn)


async def publish(raw_event):
    async with transaction() as conn:
        event = json.loads(raw_event)
        await conn.execute("INSERT INTO audit_log VALUES ($1)", event["message"])


async def publish_all(raw_events):
    conn = await async_pool.acquire()
    events = [json.loads(raw_event) for raw_event in raw_events]
    try:
        for event in events:
            await conn.execute("INSERT INTO audit_log VALUES ($1)", event["message"])
    finally:
        await async_pool.release(conn)


async def drain(names):
    async with AsyncExitStack() as stack:
        connections = {}
        for name in names:
            connections[name] = await stack.enter_async_context(async_pool.acquire())
        return [await conn.fetchval("SELECT 1") for conn in connections.values()]


async def reserve():
    conn = await async_pool.acquire()
    if await conn.fetchval("SELECT count(*) FROM jobs") == 0:
        await async_pool.release(conn)
        return None
    return conn


async def lend():
    conn = await async_pool.acquire()
    try:
        await conn.execute("SET application_name = 'lender'")
    except Exception:
        await async_pool.release(conn)
        raise
    return conn


async def poll_jobs():
    async with acquired() as conn:
        return await conn.fetch("SELECT id FROM jobs WHERE status = 'queued'")


async def terminate_idle():
    conn = await async_pool.acquire()
    try:
        await conn.execute("SELECT 1")
    finally:
        conn.terminate()


async def shielded_count():
    conn = await async_pool.acquire()
    try:
        return await asyncio.shield(conn.fetchval("SELECT count(*) FROM users"))
    except asyncio.TimeoutError:
        return None
    finally:
        await asyncio.shield(async_pool.release(conn))


async def first_long_message():
    conn = await async_pool.acquire()
    async with conn.transaction():
        async for record in conn.cursor("SELECT message FROM audit_log"):
            if record["message"] > "a":
                return record["message"]
    await async_pool.release(conn)
    return None


async def first_queued_job():
    conn = await async_pool.acquire()
    try:
        async with conn.transaction():
            async for record in conn.cursor("SELECT id, status FROM jobs"):
                if record["status"] == "queued":
                    return record["id"]
    finally:
        await async_pool.release(conn)
    return None


async def count_within_a_second():
    conn = await asyncio.wait_for(async_pool.acquire(), timeout=1)
    try:
        return await conn.fetchval("SELECT count(*) FROM orders")
    finally:
        await async_pool.release(conn)


async def sum_within_a_second():
    conn = await asyncio.wait_for(async_pool.acquire(), timeout=1)
    total = await asyncio.wait_for(conn.fetchval("SELECT sum(total) FROM orders"), timeout=1)
    await async_pool.release(conn)
    return total
