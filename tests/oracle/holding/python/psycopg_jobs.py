"""Jobs, on psycopg's pool."""

import subprocess
import time

import requests
from app.db import autocommit_pool, pool
from app.notify import post_hook
from app.scopes import plain_connection

BEGIN = "BEGIN"
WORKER_URL = "https://workers.example.com"


def start_job(job_id):
    with pool.connection() as conn:
        conn.execute("UPDATE jobs SET status = 'running' WHERE id = %s", (job_id,))
        requests.post(WORKER_URL, json={"job": job_id}, timeout=5)


def launch_job(job_id):
    with pool.connection() as conn:
        conn.execute("UPDATE jobs SET status = 'running' WHERE id = %s", (job_id,))
    requests.post(WORKER_URL, json={"job": job_id}, timeout=5)


def run_job(job_id):
    with pool.connection() as conn:
        with conn.transaction():
            conn.execute("UPDATE jobs SET status = 'running' WHERE id = %s", (job_id,))
        post_hook("running", job=job_id)


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


def resume_job(job_id):
    conn = pool.getconn()
    try:
        conn.execute("UPDATE jobs SET status = 'resumed' WHERE id = %s", (job_id,))
        post_hook("resumed", job=job_id)
        conn.commit()
    finally:
        pool.putconn(conn)


def requeue_job(job_id):
    conn = pool.getconn()
    try:
        conn.execute("UPDATE jobs SET status = 'queued' WHERE id = %s", (job_id,))
        conn.commit()
    finally:
        pool.putconn(conn)
    post_hook("queued", job=job_id)


def expire_job(job_id):
    with pool.connection() as conn:
        cursor = conn.execute("UPDATE jobs SET status = 'expired' WHERE id = %s", (job_id,))
        if cursor.rowcount == 0:
            return False
        conn.rollback()
        return post_hook("expired", job=job_id)


def retry_job(job_id):
    with pool.connection() as conn:
        try:
            conn.execute("UPDATE jobs SET status = 'retried' WHERE id = %s", (job_id,))
        except Exception:
            post_hook("retry-failed", job=job_id)
            raise


def watch_job(job_id):
    try:
        with pool.connection() as conn:
            conn.execute("UPDATE jobs SET status = 'watched' WHERE id = %s", (job_id,))
    finally:
        post_hook("watched", job=job_id)


def tail_job(job_id):
    with plain_connection() as conn:
        conn.execute("SELECT status FROM jobs WHERE id = %s", (job_id,))
        time.sleep(0.1)


def peek_job(job_id):
    with plain_connection() as conn:
        row = conn.execute("SELECT status FROM jobs WHERE id = %s", (job_id,)).fetchone()
    time.sleep(0.1)
    return row


def job_with_owner(job_id):
    with pool.connection() as conn:
        payload = conn.execute("SELECT payload FROM jobs WHERE id = %s", (job_id,)).fetchone()
        _record(f"read {job_id}")
    return payload


def _record(message):
    with pool.connection() as conn:
        conn.execute("INSERT INTO audit_log VALUES (%s)", (message,))


def job_then_record(job_id):
    with pool.connection() as conn:
        payload = conn.execute("SELECT payload FROM jobs WHERE id = %s", (job_id,)).fetchone()
    _record(f"read {job_id}")
    return payload


def job_and_record(job_id):
    with pool.connection() as conn:
        payload = conn.execute("SELECT payload FROM jobs WHERE id = %s", (job_id,)).fetchone()
        with autocommit_pool.connection() as log:
            log.execute("INSERT INTO audit_log VALUES (%s)", (f"read {job_id}",))
    return payload


def hold_job(job_id):
    conn = pool.getconn()
    with conn:
        conn.execute("UPDATE jobs SET status = 'held' WHERE id = %s", (job_id,))
    post_hook("held", job=job_id)
    pool.putconn(conn)
