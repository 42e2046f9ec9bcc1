"""Job queue on psycopg_pool."""

import json
from contextlib import ExitStack

import psycopg
from app.checkout import take
from app.db import pool


def queue_length():
    with pool.connection() as conn:
        return conn.execute("SELECT count(*) FROM jobs WHERE status = 'queued'").fetchone()[0]


def next_job():
    with pool.getconn() as conn:
        return conn.execute("SELECT id, payload FROM jobs WHERE status = 'queued' LIMIT 1").fetchone()


def next_job_kind():
    conn = pool.getconn()
    try:
        row = conn.execute("SELECT payload FROM jobs WHERE status = 'queued' LIMIT 1").fetchone()
        return json.loads(row[0])["kind"]
    finally:
        pool.putconn(conn)


def finish_job(job_id):
    conn = pool.getconn()
    with conn.transaction():
        conn.execute("UPDATE jobs SET status = 'done' WHERE id = %s", (job_id,))
    pool.putconn(conn)


def restart_job(job_id):
    conn = pool.getconn()
    try:
        with conn.transaction():
            conn.execute("UPDATE jobs SET status = 'queued' WHERE id = %s", (job_id,))
    except psycopg.Error:
        pool.putconn(conn)
        raise
    else:
        pool.putconn(conn)


def drop_job(job_id):
    conn = pool.getconn()
    try:
        conn.execute("DELETE FROM jobs WHERE id = %s AND status = 'none'", (job_id,))
        conn.commit()
    finally:
        conn.close()


def drop_broken_jobs():
    conn = pool.getconn()
    try:
        conn.execute("DELETE FROM jobs WHERE status = 'broken'")
        conn.commit()
    except psycopg.Error:
        conn.close()
        raise
    finally:
        pool.putconn(conn)


def job_payload(job_id):
    conn = pool.getconn(timeout=2.0)
    try:
        row = conn.execute("SELECT payload FROM jobs WHERE id = %s", (job_id,)).fetchone()
        if row is None:
            return {}
        return json.loads(row[0])
    finally:
        pool.putconn(conn)


def job_kinds(raw_ids):
    conn = pool.getconn()
    ids = json.loads(raw_ids)
    try:
        return conn.execute("SELECT payload FROM jobs WHERE id = ANY(%s)", (ids,)).fetchall()
    finally:
        pool.putconn(conn)


def job_status(job_id):
    conn = take()
    try:
        return conn.execute("SELECT status FROM jobs WHERE id = %s", (job_id,)).fetchone()
    finally:
        pool.putconn(conn)


def job_statuses():
    conn = take()
    rows = conn.execute("SELECT id, status FROM jobs").fetchall()
    return dict(rows)


def move_jobs(job_ids):
    with ExitStack() as stack:
        source = stack.enter_context(pool.connection())
        target = pool.getconn()
        stack.callback(pool.putconn, target)
        for job_id in job_ids:
            row = source.execute("SELECT payload FROM jobs WHERE id = %s", (job_id,)).fetchone()
            target.execute("INSERT INTO audit_log VALUES (%s)", (row[0],))


def mirror_jobs(job_ids):
    with ExitStack() as stack:
        source = stack.enter_context(pool.connection())
        target = pool.getconn()
        target.execute("SET LOCAL statement_timeout = '1s'")
        stack.callback(pool.putconn, target)
        for job_id in job_ids:
            row = source.execute("SELECT payload FROM jobs WHERE id = %s", (job_id,)).fetchone()
            target.execute("INSERT INTO audit_log VALUES (%s)", (row[0],))


def stream_jobs():
    conn = pool.getconn()
    try:
        yield from conn.execute("SELECT id FROM jobs").fetchall()
    finally:
        pool.putconn(conn)


def stream_payloads():
    conn = pool.getconn()
    for row in conn.execute("SELECT payload FROM jobs").fetchall():
        yield row[0]
    pool.putconn(conn)


def swap_connections():
    conn = pool.getconn()
    try:
        conn.execute("SELECT 1")
    except psycopg.OperationalError:
        conn = pool.getconn()
    try:
        return conn.execute("SELECT count(*) FROM jobs").fetchone()[0]
    finally:
        pool.putconn(conn)


def replace_connection():
    conn = pool.getconn()
    try:
        try:
            conn.execute("SELECT 1")
        except psycopg.OperationalError:
            pool.putconn(conn)
            conn = None
            conn = pool.getconn()
        return conn.execute("SELECT count(*) FROM jobs").fetchone()[0]
    finally:
        if conn is not None:
            pool.putconn(conn)


def oldest_job():
    conn = pool.getconn()
    with conn.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM jobs")
        return cursor.fetchone()


def requeue_job(job_id):
    conn = pool.getconn()
    try:
        conn.execute("UPDATE jobs SET status = 'queued' WHERE id = %s", (job_id,))
        conn.commit()
    except Exception as error:
        raise LookupError(job_id) from error
    else:
        pool.putconn(conn)


def open_pair():
    with ExitStack() as stack:
        source = stack.enter_context(pool.connection())
        target = stack.enter_context(pool.connection())
        source.execute("SELECT 1")
        target.execute("SELECT 1")
        return stack.pop_all()
