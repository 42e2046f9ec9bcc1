"""Events, asynchronous."""

import aiohttp
import httpx

HOOK_URL = "https://hooks.example.com/events"


async def publish(event):
    async with httpx.AsyncClient(timeout=5) as client:
        await client.post(HOOK_URL, json={"event": event})


async def publish_all(events):
    async with aiohttp.ClientSession() as session:
        for event in events:
            async with session.post(HOOK_URL, json={"event": event}) as response:
                response.raise_for_status()


async def encode(event):
    return {"event": event}


async def in_transaction(pool, work):
    async with pool.acquire() as conn:
        async with conn.transaction():
            return await work(conn)
