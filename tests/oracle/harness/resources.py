"""The pools of the corpus: how many connections are out, and how to get them back."""

import asyncio
import inspect
import time

import asyncpg
import psycopg
import psycopg2
from sqlalchemy import event


class SqlAlchemyPool:
    """An engine, or the synchronous side of an asynchronous one."""

    def __init__(self, engine, dispose):
        self.engine, self.dispose = engine, dispose
        self.raw = {}
        event.listen(engine, "checkout", lambda raw, *_: self.raw.update({id(raw): raw}))
        event.listen(engine, "checkin", lambda raw, *_: self.raw.pop(id(raw), None))

    def out(self):
        """Connections checked out."""
        return self.engine.pool.checkedout()

    async def reset(self):
        """Closes what is out, for its locks, and begins with an empty pool."""
        for raw in self.raw.values():
            getattr(raw, "terminate", raw.close)()
        self.raw.clear()
        disposed = self.dispose()
        if inspect.isawaitable(disposed):
            await disposed


class PsycopgPool:
    """A pool of psycopg_pool. Its workers return a connection a little after `putconn`, so calls are counted."""

    def __init__(self, pool):
        self.pool, self.held = pool, {}
        self.getconn, self.putconn = pool.getconn, pool.putconn
        pool.getconn, pool.putconn = self.take, self.give

    def take(self, *args, **kwargs):
        """`getconn`, noted."""
        connection = self.getconn(*args, **kwargs)
        self.held[id(connection)] = connection
        return connection

    def give(self, connection):
        """`putconn`, noted."""
        self.putconn(connection)
        self.held.pop(id(connection), None)

    take.__name__, give.__name__ = "getconn", "putconn"

    def out(self):
        """Connections checked out; the pool's own statistics must agree in the end."""
        deadline = time.monotonic() + 5
        while self.in_statistics() != len(self.held):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(self.held)} connections out, statistics say {self.in_statistics()}")
            time.sleep(0.001)
        return len(self.held)

    def in_statistics(self):
        """Connections that the pool itself counts as not available."""
        stats = self.pool.get_stats()
        return stats["pool_size"] - stats["pool_available"]

    async def reset(self):
        """Gives back what is out."""
        for connection in list(self.held.values()):
            self.give(connection)


class Psycopg2Pool:
    """A pool of `psycopg2.pool`."""

    def __init__(self, pool):
        self.pool = pool

    def out(self):
        """Connections checked out."""
        return len(self.pool._used)

    async def reset(self):
        """Gives back what is out, closed."""
        for connection in list(self.pool._used.values()):
            self.pool.putconn(connection, close=True)


class AsyncpgPool:
    """A pool of asyncpg."""

    def __init__(self, pool):
        self.pool = pool

    def out(self):
        """Connections checked out."""
        return self.pool.get_size() - self.pool.get_idle_size()

    async def reset(self):
        """Gives back what is out."""
        for holder in self.pool._holders:
            if holder._proxy is not None:
                await self.pool.release(holder._proxy)


class DirectConnections:
    """Connections made without a pool, as `psycopg2.connect` does."""

    def __init__(self):
        self.connections = []

    def observe(self, function, result):
        """Notes what a driver's `connect` returned."""
        if function in (psycopg2.connect, psycopg.connect):
            self.connections.append(result)
        if function is asyncpg.connect:
            return self.observe_later(result)
        return result

    async def observe_later(self, awaitable):
        """The same for an awaited connection."""
        self.connections.append(await awaitable)
        return self.connections[-1]

    def out(self):
        """Connections still open."""
        return sum(is_open(connection) for connection in self.connections)

    async def reset(self):
        """Closes what is open."""
        for connection in filter(is_open, self.connections):
            getattr(connection, "terminate", connection.close)()
        self.connections.clear()


def is_open(connection):
    """Whether a driver's connection is open."""
    return not connection.is_closed() if hasattr(connection, "is_closed") else not connection.closed


class Resources:
    """All of them together."""

    def __init__(self, db, tracer):
        direct = DirectConnections()
        tracer.observers.append(direct.observe)
        self.psycopg = PsycopgPool(db.pool)
        self.legacy = Psycopg2Pool(db.legacy_pool)
        self.asyncpg = AsyncpgPool(db.async_pool)
        self.scoped = db.ScopedSession
        self.all = [
            SqlAlchemyPool(db.engine, db.engine.dispose),
            SqlAlchemyPool(db.async_engine.sync_engine, db.async_engine.dispose),
            self.psycopg,
            self.legacy,
            self.asyncpg,
            direct,
        ]

    def out(self):
        """Connections out of any of them."""
        return sum(resource.out() for resource in self.all)

    async def reset(self):
        """Makes the next run independent of this one."""
        if self.out():
            for resource in self.all:
                await resource.reset()
        self.scoped.registry.clear()

    async def hand_back(self, value):
        """Does the caller's part for an owned connection that a function returned."""
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (tuple, list)):
            for part in value:
                await self.hand_back(part)
        elif id(value) in self.psycopg.held:
            self.psycopg.give(value)
        elif any(value is used for used in self.legacy.pool._used.values()):
            self.legacy.pool.putconn(value)
        elif any(value is holder._proxy for holder in self.asyncpg.pool._holders) and value is not None:
            await self.asyncpg.pool.release(value)
        elif callable(getattr(value, "close", None)):
            closed = value.close()
            if inspect.isawaitable(closed):
                await closed

    async def settle(self, seconds):
        """Lets tasks that are still running finish, a bounded time."""
        deadline = time.monotonic() + seconds
        while len(asyncio.all_tasks()) > 1 and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
