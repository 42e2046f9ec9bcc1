"""What the holding oracle sees: at each wait for somebody else, which connections and transactions are held."""

import asyncio
import inspect
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
from django.core import mail
from django.db import connections
from psycopg2.pool import PoolError
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import TimeoutError as QueueTimeout

from .resources import AsyncpgPool, DirectConnections, Psycopg2Pool, PsycopgPool, SqlAlchemyPool
from .trace import HERE, Tracer

ROOT = HERE / "holding"
CORPORA = [ROOT / "python", ROOT / "autocommit"]  # each a project of its own
WAIT_SECONDS = 0.025  # how long somebody else takes to answer; longer than what a corpus function does beside it
ENDED_SECONDS = 0.15  # in which a transaction that somebody ends in the background has ended
POOL_TIMEOUTS = (PoolError, PoolTimeout, QueueTimeout)

LIBRARIES = ("sqlalchemy", "psycopg", "asyncpg", "peewee", "django.db")
STATEMENTS = {"execute", "executemany", "execute_sql", "fetch", "fetchrow", "fetchval", "flush", "get", "save", "scalar", "scalars", "update"}

TRANSACTIONS = """
    SELECT pid, xact_start FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""


class Pools:
    """The pools of the corpus, and the transactions that the server sees on their connections."""

    def __init__(self, url, db, tools, tracer):
        self.observer = psycopg.connect(url, autocommit=True)
        direct = DirectConnections()
        tracer.observers.append(direct.observe)
        engines = [db.engine, tools.engine, tools.autocommit_engine]
        self.all = [
            *(SqlAlchemyPool(engine, engine.dispose) for engine in engines),
            SqlAlchemyPool(db.async_engine.sync_engine, db.async_engine.dispose),
            *(PsycopgPool(pool) for pool in (db.pool, tools.pool, tools.autocommit_pool)),
            *(Psycopg2Pool(pool) for pool in (db.legacy_pool, tools.legacy_pool)),
            AsyncpgPool(db.async_pool),
            PeeweePool(db.database),
        ]
        self.direct = direct
        self.django = connections["default"]  # made here, it is every task's

    def out(self):
        """How many connections are out of any pool."""
        return sum(pool.out() for pool in self.all)

    def transactions(self):
        """The transactions that are open, each by its backend and start."""
        return set(self.observer.execute(TRANSACTIONS).fetchall())

    async def unfinished(self):
        """Whether a transaction stays open, some time after the function ended."""
        deadline = time.monotonic() + ENDED_SECONDS
        while self.transactions():
            if time.monotonic() > deadline:
                return True
            await asyncio.sleep(0.005)
        return False

    async def reset(self):
        """Makes the next run independent of this one."""
        if not (self.out() or self.direct.out() or not self.django.autocommit or self.transactions()):
            return
        for pool in [*self.all, self.direct]:
            await pool.reset()
        self.django.close()
        if await self.unfinished():
            raise RuntimeError(f"transactions outlive their pools: {self.transactions()}")


class PeeweePool:
    """A pooled database of Peewee; this thread has one connection of it at most."""

    def __init__(self, database):
        self.database = database

    def out(self):
        """Connections checked out."""
        return len(self.database._in_use)

    async def reset(self):
        """Closes what is out."""
        if not self.database.is_closed():
            self.database.manual_close()
        self.database.close_all()


class Answer(str):
    """What any call to somebody else gives: it has every field, and can be called, entered and iterated."""

    status_code = status = 200
    ok = True

    def __new__(cls):
        return super().__new__(cls, "answer")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_, **__):
        return self

    def __getitem__(self, _):
        return self

    def __iter__(self):
        return iter(())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


class Watch(Tracer):
    """The tracer that also notes what is held whenever the corpus waits for somebody else."""

    pools = None
    task = None
    looks = True  # at what is held

    def __init__(self):
        super().__init__()
        self.main = threading.get_ident()
        self.waits = {  # those of them that no probe stands for
            time.sleep: self.wait,
            subprocess.run: self.wait,
            subprocess.check_call: self.wait,
            subprocess.check_output: self.wait,
            mail.send_mail: self.wait,
            asyncio.sleep: self.wait_async,
            asyncio.create_subprocess_exec: self.wait_async,
        }

    def start(self, faults, fault_type):
        """Begins a run."""
        super().start(faults, fault_type)
        self.sinks, self.starved, self.visited = [], [], set()
        self.watching = self.looks and len(faults) < 2

    def call(self, site, function, /, *args, **kwargs):
        """Also notes which lines were reached, and where a pool had no connection left."""
        if self.active:
            self.visited.add(site[:2])
        if ends_transaction(function, args):
            site = (*site[:3], True)
        self.statement = (function, args, kwargs) if is_statement(function, args) else None
        try:
            return super().call(site, self.stand_in(function), *args, **kwargs)
        except POOL_TIMEOUTS:
            self.starved.append(self.chain())
            raise

    def strike(self, site):
        """A statement is sent before it fails: on some connections it is what begins the transaction."""
        if self.statement is None:
            return super().strike(site)
        function, args, kwargs = self.statement
        result = function(*args, **kwargs)
        if inspect.isawaitable(result):
            return self.strike_late(site, result)
        self.kept.append(result)
        return super().strike(site)

    async def strike_late(self, site, result):
        """The same for a statement that is awaited."""
        self.kept.append(await result)
        self.results.pop(site, None)
        super().strike(site)

    def stand_in(self, function):
        """The probe that a function of the standard library is replaced with."""
        try:
            return self.waits.get(function, function)
        except TypeError:  # not hashable
            return function

    def wait(self, *_, **__):
        """Somebody else is waited for, and this thread with it."""
        before = self.held()
        if threading.get_ident() != self.main and self.watching:
            time.sleep(WAIT_SECONDS)
            before &= self.held()
        self.note(self.chain(), before)
        return Answer()

    async def wait_async(self, *_, **__):
        """Somebody else is waited for while other tasks go on."""
        before = self.held()
        chain = self.chain()
        await asyncio.sleep(WAIT_SECONDS if before and self.watching else 0)
        self.note(chain, before & self.held())
        return Answer()

    def held(self):
        """The transactions open, and "client" where a pool's connection is out."""
        if not (self.active and self.watching):
            return set()
        return self.pools.transactions() | ({"client"} if self.pools.out() else set())

    def note(self, chain, held):
        """One wait, with what was held from its beginning to its end."""
        if self.active and self.watching:
            kind = "transaction" if held - {"client"} else "client" if held else "free"
            self.sinks.append((kind, chain))

    def chain(self):
        """The lines of the corpus that lead here, outermost first, other threads' and tasks' included."""
        frames = suspended(self.task) + stack(sys._current_frames().get(self.main)) + stack(sys._getframe())
        return list(dict.fromkeys(frames))


def ends_transaction(function, args):
    """Whether a call commits or rolls back: like what gives a client back, it acts, and never raises here."""
    statement = str(args[0]).strip().upper() if args else ""
    return getattr(function, "__name__", "") in ("commit", "rollback") or statement.startswith(("COMMIT", "ROLLBACK"))


def is_statement(function, args):
    """Whether a call sends a statement through one of the libraries; one that begins a transaction and fails has not."""
    if args and str(args[0]).strip().upper().startswith("BEGIN"):
        return False
    receiver = type(getattr(function, "__self__", None)).__module__
    return getattr(function, "__name__", "") in STATEMENTS and receiver.startswith(LIBRARIES)


def stack(frame):
    """The corpus' lines of a stack, outermost first."""
    places = []
    while frame is not None:
        places += place(frame, frame.f_lineno)
        frame = frame.f_back
    return places[::-1]


def suspended(task):
    """The corpus' lines at which a suspended task waits, outermost first."""
    places = []
    awaited = task.get_coro() if task is not None else None
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "ag_frame", None)
        places += place(frame, frame.f_lineno) if frame is not None else []
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)
    return places


def place(frame, line):
    """The file and line, if they are the corpus'."""
    path = Path(frame.f_code.co_filename)
    return [(str(path.relative_to(ROOT)), line)] if any(corpus in path.parents for corpus in CORPORA) else []


watch = Watch()
