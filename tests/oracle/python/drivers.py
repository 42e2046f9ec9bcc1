"""One-off scripts that connect without a pool."""

import os
from contextlib import closing, contextmanager

import asyncpg
import psycopg
import psycopg2

DATABASE_URL = os.environ["DATABASE_URL"]


def dump_users():
    conn = psycopg2.connect(DATABASE_URL)
    with conn:
        with conn.cursor() as cursor:
            cursor.execute("SELECT name FROM users")
            return cursor.fetchall()


def dump_orders():
    with closing(psycopg2.connect(DATABASE_URL)) as conn:
        with conn, conn.cursor() as cursor:
            cursor.execute("SELECT id FROM orders")
            return cursor.fetchall()


def dump_jobs():
    with psycopg.connect(DATABASE_URL) as conn:
        return conn.execute("SELECT id FROM jobs").fetchall()


def dump_messages():
    with psycopg2.connect(DATABASE_URL) as conn:
        cursor = conn.cursor()
        cursor.execute("SELECT message FROM audit_log LIMIT 3")
        return cursor.fetchall()


def server_encoding():
    conn = psycopg.connect(DATABASE_URL, autocommit=True)
    encoding = conn.execute("SHOW server_encoding").fetchone()
    conn.close()
    return encoding


@contextmanager
def admin_connection():
    conn = psycopg2.connect(DATABASE_URL)
    try:
        conn.autocommit = True
        yield conn
    finally:
        conn.close()


async def listen_once():
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        return await conn.fetchval("SELECT 1")
    finally:
        await conn.close()


async def notify_once(payload):
    conn = await asyncpg.connect(DATABASE_URL)
    await conn.execute("SELECT pg_notify('jobs', $1)", payload)
    await conn.close()
