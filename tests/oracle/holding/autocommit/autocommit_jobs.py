"""Jobs, on connections without transactions."""

import subprocess
import time

from tools.db import autocommit_pool, legacy_pool, pool
from tools.notify import post_hook
from tools.scopes import plain_connection

BEGIN = "BEGIN"


def check_job(job_id):
    with autocommit_pool.connection() as conn:
        conn.execute("SELECT status FROM jobs WHERE id = %s", (job_id,))
        post_hook("checked", job=job_id)


def lock_job(job_id):
    with autocommit_pool.connection() as conn:
        with conn.transaction():
            conn.execute("SELECT status FROM jobs WHERE id = %s FOR UPDATE", (job_id,))
            time.sleep(0.2)


def claim_job(job_id):
    with autocommit_pool.connection() as conn:
        conn.execute(BEGIN)
        conn.execute("UPDATE jobs SET status = 'claimed' WHERE id = %s", (job_id,))
        subprocess.run(["worker", str(job_id)], check=True)
        conn.execute("COMMIT")


def drop_job(job_id):
    with autocommit_pool.connection() as conn:
        conn.execute(BEGIN)
        conn.execute("UPDATE jobs SET status = 'dropped' WHERE id = %s", (job_id,))
        conn.execute("COMMIT")
    subprocess.run(["worker", "--stop", str(job_id)], check=True)


def pause_job(job_id):
    conn = pool.getconn()
    try:
        conn.autocommit = True
        conn.execute("UPDATE jobs SET status = 'paused' WHERE id = %s", (job_id,))
        post_hook("paused", job=job_id)
    finally:
        conn.autocommit = False
        pool.putconn(conn)


def tail_job(job_id):
    with plain_connection() as conn:
        conn.execute("SELECT status FROM jobs WHERE id = %s", (job_id,))
        time.sleep(0.1)


def peek_job(job_id):
    with plain_connection() as conn:
        row = conn.execute("SELECT status FROM jobs WHERE id = %s", (job_id,)).fetchone()
    time.sleep(0.1)
    return row


def job_and_record(job_id):
    with pool.connection() as conn:
        payload = conn.execute("SELECT payload FROM jobs WHERE id = %s", (job_id,)).fetchone()
        with autocommit_pool.connection() as log:
            log.execute("INSERT INTO audit_log VALUES (%s)", (f"read {job_id}",))
    return payload


def mark_user(user_id):
    conn = legacy_pool.getconn()
    conn.autocommit = True
    try:
        with conn.cursor() as cursor:
            cursor.execute("UPDATE users SET active = 1 WHERE id = %s", (user_id,))
        post_hook("marked", user=user_id)
    finally:
        conn.autocommit = False
        legacy_pool.putconn(conn)
