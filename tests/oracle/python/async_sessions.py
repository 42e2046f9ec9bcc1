"""Services on SQLAlchemy's asynchronous sessions."""

from app.db import AsyncSessionLocal, async_engine
from app.models import Order, User
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession


async def get_user(user_id):
    async with AsyncSession(async_engine) as session:
        return await session.get(User, user_id)


async def get_order(order_id):
    session = AsyncSessionLocal()
    order = await session.get(Order, order_id)
    if order is not None:
        await session.refresh(order)
    await session.close()
    return order


async def list_orders():
    session = AsyncSessionLocal()
    try:
        return (await session.scalars(select(Order))).all()
    finally:
        await session.close()


async def list_users():
    session = AsyncSessionLocal()
    try:
        return (await session.scalars(select(User))).all()
    finally:
        session.close()


async def ping():
    conn = await async_engine.connect()
    try:
        return await conn.scalar(text("SELECT 1"))
    finally:
        await conn.close()


async def server_version():
    conn = await async_engine.connect()
    version = await conn.scalar(text("SHOW server_version"))
    if not version:
        return None
    await conn.close()
    return version


async def get_async_db():
    async with AsyncSessionLocal() as session:
        yield session
