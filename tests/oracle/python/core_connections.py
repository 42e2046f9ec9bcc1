"""Reports on SQLAlchemy Core connections."""

import time
from contextlib import closing, suppress

from app.db import engine
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError


def count_users():
    with engine.connect() as conn:
        return conn.execute(text("SELECT count(*) FROM users")).scalar_one()


def latest_order():
    conn = engine.connect()
    row = conn.execute(text("SELECT id, total FROM orders ORDER BY id DESC LIMIT 1")).first()
    conn.close()
    return row


def order_totals():
    conn = engine.connect()
    try:
        return conn.execute(text("SELECT user_id, sum(total) FROM orders GROUP BY user_id")).all()
    finally:
        conn.close()


def recent_orders(raw_limit):
    conn = engine.connect()
    limit = int(raw_limit)
    try:
        return conn.execute(text("SELECT id FROM orders LIMIT :limit"), {"limit": limit}).all()
    finally:
        conn.close()


def recent_users(raw_limit):
    limit = int(raw_limit)
    started = time.monotonic()
    conn = engine.connect()
    offset = 0 if limit > 10 else 1
    try:
        rows = conn.execute(text("SELECT id FROM users LIMIT :n OFFSET :o"), {"n": limit, "o": offset}).all()
    finally:
        conn.close()
    return rows, time.monotonic() - started


def find_user_email(user_id):
    conn = engine.connect()
    try:
        row = conn.execute(text("SELECT email FROM users WHERE id = :id"), {"id": user_id}).first()
    except Exception:
        conn.close()
        raise
    if row is None:
        return None
    conn.close()
    return row.email


def find_user_name(user_id):
    conn = engine.connect()
    try:
        row = conn.execute(text("SELECT name FROM users WHERE id = :id"), {"id": user_id}).first()
    except Exception:
        conn.close()
        raise
    conn.close()
    if row is None:
        return None
    return row.name


def deactivate_user(user_id):
    conn = engine.connect()
    try:
        conn.execute(text("UPDATE users SET active = 0 WHERE id = :id"), {"id": user_id})
        conn.commit()
    except SQLAlchemyError:
        conn.rollback()
        conn.close()
        raise
    return user_id


def rename_user(user_id, name):
    conn = engine.connect()
    try:
        conn.execute(text("UPDATE users SET name = :name WHERE id = :id"), {"name": name, "id": user_id})
        conn.commit()
    except OperationalError:
        conn.close()
        return False
    conn.close()
    return True


def archive_order(order_id):
    conn = engine.connect()
    try:
        conn.execute(text("UPDATE orders SET status = 'archived' WHERE id = :id"), {"id": order_id})
        conn.commit()
    finally:
        conn.rollback()
        conn.close()


def reopen_order(order_id):
    conn = engine.connect()
    try:
        conn.execute(text("UPDATE orders SET status = 'pending' WHERE id = :id"), {"id": order_id})
        conn.commit()
    finally:
        try:
            conn.rollback()
        finally:
            conn.close()


def cancel_order(order_id):
    conn = engine.connect()
    try:
        conn.execute(text("UPDATE orders SET status = 'cancelled' WHERE id = :id"), {"id": order_id})
        conn.commit()
    finally:
        with suppress(SQLAlchemyError, RuntimeError, Exception):
            conn.rollback()
        conn.close()


def close_order(order_id):
    conn = engine.connect()
    committed = False
    try:
        conn.execute(text("UPDATE orders SET status = 'closed' WHERE id = :id"), {"id": order_id})
        conn.commit()
        committed = True
    finally:
        if committed:
            conn.close()


def pay_order(order_id):
    conn = engine.connect()
    closed = False
    try:
        paid = conn.execute(text("UPDATE orders SET status = 'paid' WHERE id = :id"), {"id": order_id}).rowcount
        if paid == 0:
            conn.close()
            closed = True
            return False
        conn.commit()
        return True
    finally:
        if not closed:
            conn.close()


def largest_order():
    conn = None
    try:
        conn = engine.connect()
        return conn.execute(text("SELECT max(total) FROM orders")).scalar()
    finally:
        if conn is not None:
            conn.close()


def smallest_order():
    conn = None
    try:
        conn = engine.connect()
        total = conn.execute(text("SELECT min(total) FROM orders")).scalar()
    except OperationalError:
        if conn is not None:
            conn.close()
        return None
    else:
        conn.close()
        return total


def count_orders_with_retry():
    for attempt in range(3):
        conn = engine.connect()
        try:
            return conn.execute(text("SELECT count(*) FROM orders")).scalar()
        except OperationalError:
            time.sleep(0.001 * attempt)
    return None


def count_jobs_with_retry():
    for attempt in range(3):
        conn = engine.connect()
        try:
            return conn.execute(text("SELECT count(*) FROM jobs")).scalar()
        except OperationalError:
            if attempt == 2:
                raise
            continue
        finally:
            conn.close()
    return None


def compare_counts():
    conn = engine.connect()
    with suppress(Exception):
        users = conn.execute(text("SELECT count(*) FROM users")).scalar()
    conn = engine.connect()
    try:
        return users, conn.execute(text("SELECT count(*) FROM orders")).scalar()
    finally:
        conn.close()


def compare_totals():
    conn = engine.connect()
    try:
        users = conn.execute(text("SELECT count(*) FROM users")).scalar()
    finally:
        conn.close()
    conn = engine.connect()
    try:
        return users, conn.execute(text("SELECT sum(total) FROM orders")).scalar()
    finally:
        conn.close()


def first_missing_order(order_ids):
    for order_id in order_ids:
        conn = engine.connect()
        try:
            row = conn.execute(text("SELECT id FROM orders WHERE id = :id"), {"id": order_id}).first()
        except SQLAlchemyError as error:
            conn.close()
            raise LookupError(order_id) from error
        except Exception:
            conn.close()
            raise
        if row is None:
            break
        conn.close()
    else:
        return None
    return order_id


def first_unpaid_order(order_ids):
    for order_id in order_ids:
        conn = engine.connect()
        try:
            status = conn.execute(text("SELECT status FROM orders WHERE id = :id"), {"id": order_id}).scalar()
            if status is None:
                continue
            if status != "paid":
                break
        finally:
            conn.close()
    else:
        return None
    return order_id


def total_revenue():
    return engine.connect().execute(text("SELECT sum(total) FROM orders")).scalar()


def vacuum():
    with closing(engine.raw_connection()) as raw:
        raw.cursor().execute("ANALYZE")


def table_names():
    raw = engine.raw_connection()
    cursor = raw.cursor()
    try:
        cursor.execute("SELECT name FROM sqlite_master")
        return cursor.fetchall()
    finally:
        cursor.close()


def change_status(order_id, action):
    conn = engine.connect()
    match action:
        case "pay":
            status = "paid"
        case "cancel":
            status = "cancelled"
        case _:
            raise ValueError(action)
    try:
        conn.execute(text("UPDATE orders SET status = :s WHERE id = :id"), {"s": status, "id": order_id})
        conn.commit()
    finally:
        conn.close()


def status_label(order_id):
    conn = engine.connect()
    try:
        match conn.execute(text("SELECT status FROM orders WHERE id = :id"), {"id": order_id}).scalar():
            case None:
                raise LookupError(order_id)
            case "paid":
                return "Paid"
            case other:
                return other
    finally:
        conn.close()


def copy_order(order_id):
    source = engine.connect()
    target = engine.connect()
    try:
        total = source.execute(text("SELECT total FROM orders WHERE id = :id"), {"id": order_id}).scalar()
        target.execute(text("INSERT INTO audit_log VALUES (:m)"), {"m": f"copied {total}"})
        target.commit()
    finally:
        target.close()
        source.close()


def copy_user(user_id):
    source = engine.connect()
    try:
        target = engine.connect()
        try:
            name = source.execute(text("SELECT name FROM users WHERE id = :id"), {"id": user_id}).scalar()
            target.execute(text("INSERT INTO audit_log VALUES (:m)"), {"m": f"copied {name}"})
            target.commit()
        finally:
            target.close()
    finally:
        source.close()


def timed_count():
    conn, started = engine.connect(), time.perf_counter()
    try:
        count = conn.execute(text("SELECT count(*) FROM users")).scalar()
    finally:
        conn.close()
    return count, time.perf_counter() - started


def paired_counts():
    reader, writer = engine.connect(), engine.connect()
    try:
        writer.execute(text("INSERT INTO audit_log VALUES ('counted')"))
        writer.commit()
        return reader.execute(text("SELECT count(*) FROM audit_log")).scalar()
    finally:
        reader.close()
        writer.close()


def log_visit(page):
    conn = engine.connect()
    with conn.begin():
        conn.execute(text("INSERT INTO audit_log VALUES (:page)"), {"page": page})


def log_login(name):
    with engine.begin() as conn:
        conn.execute(text("INSERT INTO audit_log VALUES (:name)"), {"name": name})


def active_users():
    conn = engine.connect()
    handle = conn
    try:
        return conn.execute(text("SELECT name FROM users WHERE active = 1")).scalars().all()
    finally:
        handle.close()


def any_pending_order():
    if (conn := engine.connect()) is not None and (rows := conn.execute(text("SELECT id FROM orders")).all()):
        conn.close()
        return rows[0]
    return None


def shard_sizes(shards):
    open_shards = {}
    try:
        for shard in shards:
            open_shards[shard] = engine.connect()
        return [conn.execute(text("SELECT count(*) FROM jobs")).scalar() for conn in open_shards.values()]
    finally:
        for conn in open_shards.values():
            conn.close()


def shard_names(shards):
    conns = [engine.connect() for _ in shards]
    names = [conn.execute(text("SELECT min(name) FROM users")).scalar() for conn in conns]
    for conn in conns:
        conn.close()
    return names


def count_by_status(statuses):
    counts = {}
    for status in statuses:
        conn = engine.connect()
        try:
            count = conn.execute(text("SELECT count(*) FROM orders WHERE status = :s"), {"s": status}).scalar()
        except Exception:
            conn.close()
            raise
        if count == 0:
            continue
        counts[status] = count
        conn.close()
    return counts


def drain_pending(batch):
    while True:
        conn = engine.connect()
        try:
            rows = conn.execute(text("SELECT id FROM orders LIMIT :n"), {"n": batch}).all()
            if not rows or len(rows) <= batch:
                break
        finally:
            conn.close()
    return rows
