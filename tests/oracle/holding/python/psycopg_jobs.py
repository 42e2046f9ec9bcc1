"""Jobs, on psycopg's pool."""

import requests
from app.db import pool
from app.notify import post_hook

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


def hold_job(job_id):
    conn = pool.getconn()
    with conn:
        conn.execute("UPDATE jobs SET status = 'held' WHERE id = %s", (job_id,))
    post_hook("held", job=job_id)
    pool.putconn(conn)
