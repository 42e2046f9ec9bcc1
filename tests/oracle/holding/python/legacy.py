"""Older code on psycopg2."""

import smtplib

import requests
from app.db import legacy_pool
from app.mailer import build_message, send_mail
from app.notify import post_hook
from app.scopes import legacy_cursor


def mail_user(user_id):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT email FROM users WHERE id = %s", (user_id,))
            (email,) = cursor.fetchone()
        send_mail(email, "hello")
    finally:
        legacy_pool.putconn(conn)


def mail_user_later(user_id):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT email FROM users WHERE id = %s", (user_id,))
            (email,) = cursor.fetchone()
    finally:
        legacy_pool.putconn(conn)
    send_mail(email, "hello")


def mail_unread(user_id):
    conn = legacy_pool.getconn()
    try:
        send_mail("office@example.com", "somebody looks")
        with conn.cursor() as cursor:
            cursor.execute("SELECT email FROM users WHERE id = %s", (user_id,))
            return cursor.fetchone()
    finally:
        legacy_pool.putconn(conn)


def draft_mail(user_id):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT email FROM users WHERE id = %s", (user_id,))
            return build_message(cursor.fetchone()[0], "draft")
    finally:
        legacy_pool.putconn(conn)


def touch_user(user_id):
    conn = legacy_pool.getconn()
    try:
        with conn, conn.cursor() as cursor:
            cursor.execute("UPDATE users SET active = 1 WHERE id = %s", (user_id,))
            requests.post("https://crm.example.com/touch", timeout=5)
    finally:
        legacy_pool.putconn(conn)


def poke_user(user_id):
    conn = legacy_pool.getconn()
    try:
        with conn, conn.cursor() as cursor:
            cursor.execute("UPDATE users SET active = 1 WHERE id = %s", (user_id,))
        requests.post("https://crm.example.com/poke", timeout=5)
    finally:
        legacy_pool.putconn(conn)


def sync_user(user_id):
    with legacy_cursor() as cursor:
        cursor.execute("UPDATE users SET active = 1 WHERE id = %s", (user_id,))
        post_hook("synced", user=user_id)


def export_user(user_id):
    with legacy_cursor() as cursor:
        cursor.execute("SELECT name FROM users WHERE id = %s", (user_id,))
        name = cursor.fetchone()
    post_hook("exported", user=name)


def remind_users(user_ids):
    server = smtplib.SMTP("mail.internal")
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT email FROM users WHERE id = ANY(%s)", (user_ids,))
            for (email,) in cursor.fetchall():
                server.sendmail("office@example.com", email, "remember")
    finally:
        legacy_pool.putconn(conn)
        server.quit()


def nudge_users(user_ids):
    server = smtplib.SMTP("mail.internal")
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT email FROM users WHERE id = ANY(%s)", (user_ids,))
            emails = cursor.fetchall()
    finally:
        legacy_pool.putconn(conn)
    for (email,) in emails:
        server.sendmail("office@example.com", email, "hurry")
    server.quit()


def save_event(name):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("INSERT INTO audit_log VALUES (%s)", (name,))
        conn.commit()
    except Exception:
        conn.rollback()
        post_hook("event-failed", name=name)
        raise
    finally:
        legacy_pool.putconn(conn)


def store_event(name):
    conn = legacy_pool.getconn()
    try:
        with conn.cursor() as cursor:
            cursor.execute("INSERT INTO audit_log VALUES (%s)", (name,))
        conn.commit()
    except Exception:
        post_hook("event-failed", name=name)
        conn.rollback()
        raise
    finally:
        legacy_pool.putconn(conn)


def copy_user(user_id):
    source = legacy_pool.getconn()
    target = legacy_pool.getconn()
    try:
        with source.cursor() as cursor, target.cursor() as writer:
            cursor.execute("SELECT name FROM users WHERE id = %s", (user_id,))
            writer.execute("INSERT INTO audit_log VALUES (%s)", cursor.fetchone())
        target.commit()
    finally:
        legacy_pool.putconn(target)
        legacy_pool.putconn(source)


def move_user(user_id):
    source = legacy_pool.getconn()
    try:
        with source.cursor() as cursor:
            cursor.execute("SELECT name FROM users WHERE id = %s", (user_id,))
            row = cursor.fetchone()
    finally:
        legacy_pool.putconn(source)
    target = legacy_pool.getconn()
    try:
        with target.cursor() as writer:
            writer.execute("INSERT INTO audit_log VALUES (%s)", row)
        target.commit()
    finally:
        legacy_pool.putconn(target)
