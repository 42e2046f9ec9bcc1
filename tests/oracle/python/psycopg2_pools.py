"""Accounting on psycopg2's pool."""

import logging

import psycopg2
from app.checkout import give_back, legacy_connection
from app.db import legacy_pool

logger = logging.getLogger(__name__)


def user_total(user_id):
    conn = legacy_pool.getconn()
    with conn:
        with conn.cursor() as cursor:
            cursor.execute("SELECT sum(total) FROM orders WHERE user_id = %s", (user_id,))
            return cursor.fetchone()[0]


def user_count():
    conn = legacy_pool.getconn()
    try:
        with conn, conn.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM users")
            return cursor.fetchone()[0]
    finally:
        legacy_pool.putconn(conn)


def order_status(order_id):
    conn = legacy_pool.getconn()
    cursor = conn.cursor()
    try:
        cursor.execute("SELECT status FROM orders WHERE id = %s", (order_id,))
        return cursor.fetchone()
    finally:
        cursor.close()
        legacy_pool.putconn(conn)


def order_total(order_id):
    conn = legacy_pool.getconn()
    try:
        cursor = conn.cursor()
        cursor.execute("SELECT total FROM orders WHERE id = %s", (order_id,))
        row = cursor.fetchone()
        cursor.close()
        return row
    finally:
        legacy_pool.putconn(conn)


def settle_order(order_id):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("UPDATE orders SET status = 'settled' WHERE id = %s", (order_id,))
        conn.commit()
        legacy_pool.putconn(conn)
    except psycopg2.Error:
        logger.exception("order %s is not settled", order_id)
        conn.rollback()
        legacy_pool.putconn(conn)


def refund_order(order_id):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("UPDATE orders SET status = 'refunded' WHERE id = %s", (order_id,))
        conn.commit()
    except psycopg2.Error:
        logger.exception("order %s is not refunded", order_id)
        conn.rollback()
    finally:
        legacy_pool.putconn(conn)


def discard_connection():
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        conn.close()


def replace_broken_connection():
    conn = legacy_pool.getconn()
    broken = True
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT 1")
        broken = False
    finally:
        legacy_pool.putconn(conn, close=broken)


def charge_user(user_id):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT active FROM users WHERE id = %s", (user_id,))
            row = cursor.fetchone()
            if not row or not row[0]:
                raise PermissionError(user_id)
        conn.commit()
    except psycopg2.Error:
        conn.rollback()
        raise
    finally:
        give_back(conn)


def check_user(user_id):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT active FROM users WHERE id = %s", (user_id,))
            row = cursor.fetchone()
    except Exception:
        give_back(conn)
        raise
    if not row or not row[0]:
        raise PermissionError(user_id)
    give_back(conn)


def transfer(source_id, target_id):
    with legacy_connection() as conn:
        with conn.cursor() as cursor:
            cursor.execute("SELECT total FROM orders WHERE id IN (%s, %s)", (source_id, target_id))
            return cursor.fetchall()


def order_cursor():
    conn = legacy_pool.getconn()
    cursor = conn.cursor()
    cursor.execute("SELECT id FROM orders")
    return cursor


def order_connection():
    conn = legacy_pool.getconn()
    logger.info("one connection lent")
    return conn


def connection_with_cursor():
    conn = legacy_pool.getconn()
    try:
        return conn, conn.cursor()
    except Exception:
        legacy_pool.putconn(conn)
        raise
