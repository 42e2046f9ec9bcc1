"""Orders, written with SQLAlchemy Core."""

import subprocess
import time

import boto3
import requests
from app.db import engine
from app.notify import Notifier, describe, notify_customer, post_hook
from app.payments import Gateway, SandboxGateway, charge, convert
from app.scopes import transactional, with_transaction
from app.services import Service, TwoStepService
from app.tasks import send_receipt
from sqlalchemy import text

STATUS_URL = "https://shipping.example.com/status"
SET_STATUS = text("UPDATE orders SET status = :status WHERE id = :id")
LOCK_ORDER = text("SELECT total FROM orders WHERE id = :id FOR UPDATE")


def ship_order(order_id):
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "shipped", "id": order_id})
        requests.post(STATUS_URL, json={"order": order_id}, timeout=3)


def hand_over_order(order_id):
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "shipped", "id": order_id})
    requests.post(STATUS_URL, json={"order": order_id}, timeout=3)


def pay_order(order_id):
    with engine.begin() as conn:
        total = conn.execute(LOCK_ORDER, {"id": order_id}).scalar_one()
        charge(total)
        conn.execute(SET_STATUS, {"status": "paid", "id": order_id})


def price_order(order_id):
    with engine.begin() as conn:
        total = conn.execute(LOCK_ORDER, {"id": order_id}).scalar_one()
        return convert(total, "USD")


def cancel_order(order_id):
    with engine.connect() as conn:
        conn.execute(SET_STATUS, {"status": "cancelled", "id": order_id})
        conn.commit()
        post_hook("cancelled", order=order_id)


def reopen_order(order_id):
    with engine.connect() as conn:
        conn.execute(SET_STATUS, {"status": "pending", "id": order_id})
        post_hook("reopened", order=order_id)
        conn.commit()


def close_order(order_id):
    conn = engine.connect()
    try:
        conn.execute(SET_STATUS, {"status": "closed", "id": order_id})
        conn.commit()
    finally:
        conn.close()
    post_hook("closed", order=order_id)


def export_orders(folder):
    with engine.begin() as conn:
        conn.execute(text("INSERT INTO audit_log VALUES ('export')"))
        subprocess.run(["pg_dump", "--file", folder], check=True)


def compress_export(folder):
    subprocess.run(["gzip", folder], check=True)
    with engine.begin() as conn:
        conn.execute(text("INSERT INTO audit_log VALUES ('compressed')"))


def wait_for_payment(order_id):
    with engine.begin() as conn:
        for _ in range(2):
            status = conn.execute(LOCK_ORDER, {"id": order_id}).scalar_one()
            if status == "paid":
                return True
            time.sleep(0.5)
    return False


def poll_payment(order_id):
    for _ in range(2):
        with engine.begin() as conn:
            status = conn.execute(LOCK_ORDER, {"id": order_id}).scalar_one()
        if status == "paid":
            return True
        time.sleep(0.5)
    return False


def archive_order(order_id, keep_copy):
    if keep_copy:
        boto3.client("s3").put_object(Bucket="orders", Key=str(order_id), Body=b"")
        return
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "archived", "id": order_id})


def store_order(order_id, keep_copy):
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "stored", "id": order_id})
        if keep_copy:
            s3 = boto3.client("s3")
            s3.put_object(Bucket="orders", Key=str(order_id), Body=b"")


def find_order(order_id):
    with engine.connect() as conn:
        row = conn.execute(text("SELECT status FROM orders WHERE id = :id"), {"id": order_id}).first()
        if row is not None:
            return row.status
    return requests.get(STATUS_URL, params={"order": order_id}, timeout=3).text


def queue_receipt(order_id):
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "paid", "id": order_id})
        send_receipt.delay(order_id)


def queue_receipt_later(order_id):
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "paid", "id": order_id})
    send_receipt.delay(order_id)


def notify_all(user_ids):
    with engine.connect() as conn:
        for user_id in user_ids:
            email = conn.execute(text("SELECT email FROM users WHERE id = :id"), {"id": user_id}).scalar_one()
            notify_customer(email, "news")


def notify_each(user_ids):
    with engine.connect() as conn:
        rows = conn.execute(text("SELECT email FROM users WHERE id = ANY(:ids)"), {"ids": user_ids}).all()
    for row in rows:
        notify_customer(row.email, "news")


def collect_events(order_id):
    notifier = Notifier()
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "paid", "id": order_id})
        notifier.add("paid")
    notifier.flush()


def flush_events(order_id):
    notifier = Notifier()
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "paid", "id": order_id})
        notifier.add("paid")
        notifier.flush()


def refund_order(order_id):
    conn = engine.connect()
    transaction = conn.begin()
    try:
        conn.execute(SET_STATUS, {"status": "refunded", "id": order_id})
        transaction.commit()
    except Exception:
        post_hook("refund-failed", order=order_id)
        transaction.rollback()
        raise
    finally:
        conn.close()


def return_order(order_id):
    conn = engine.connect()
    transaction = conn.begin()
    try:
        conn.execute(SET_STATUS, {"status": "returned", "id": order_id})
        transaction.commit()
    except Exception:
        transaction.rollback()
        post_hook("return-failed", order=order_id)
        raise
    finally:
        conn.close()


def settle_order(order_id):
    try:
        with engine.begin() as conn:
            conn.execute(SET_STATUS, {"status": "settled", "id": order_id})
    except Exception:
        post_hook("settle-failed", order=order_id)
        raise


def prepare_order(order_id):
    with engine.begin() as conn:

        def announce():
            post_hook("prepared", order=order_id)

        conn.execute(SET_STATUS, {"status": "prepared", "id": order_id})
    return announce


def pack_order(order_id):
    callbacks = []
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "packed", "id": order_id})
        callbacks.append(lambda: post_hook("packed", order=order_id))
    for callback in callbacks:
        callback()


def label_order(order_id):
    callbacks = [lambda: post_hook("labelled", order=order_id)]
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "labelled", "id": order_id})
        for callback in callbacks:
            callback()


def confirm_order(order_id):
    def work(conn):
        conn.execute(SET_STATUS, {"status": "confirmed", "id": order_id})
        post_hook("confirmed", order=order_id)

    with_transaction(work)


def reserve_order(order_id):
    with_transaction(lambda conn: conn.execute(SET_STATUS, {"status": "reserved", "id": order_id}))
    post_hook("reserved", order=order_id)


@transactional
def merge_orders(conn, first, second):
    conn.execute(SET_STATUS, {"status": "merged", "id": second})
    post_hook("merged", orders=[first, second])


@transactional
def split_order(conn, order_id):
    conn.execute(SET_STATUS, {"status": "split", "id": order_id})
    return describe("split", order=order_id)


class _Dispatch(Service):
    def step(self, conn, key):
        conn.execute(SET_STATUS, {"status": "dispatched", "id": key})
        self.announce(key)


class _Audit(Service):
    def step(self, conn, key):
        conn.execute(SET_STATUS, {"status": "audited", "id": key})


class _Return(TwoStepService):
    def write(self, conn, key):
        conn.execute(SET_STATUS, {"status": "returned", "id": key})


def dispatch_order(order_id):
    return _Dispatch().run(order_id)


def audit_order(order_id):
    return _Audit().run(order_id)


def send_back_order(order_id):
    return _Return().run(order_id)


class _Billing:
    def __init__(self, gateway):
        self.gateway = gateway

    def bill(self, order_id):
        with engine.begin() as conn:
            total = conn.execute(LOCK_ORDER, {"id": order_id}).scalar_one()
            self.gateway.charge(total)


class _Statement:
    def __init__(self):
        self.gateway = Gateway()

    def total(self, order_id):
        with engine.begin() as conn:
            total = conn.execute(LOCK_ORDER, {"id": order_id}).scalar_one()
            return total + self.gateway.fee(total)


def bill_order(order_id):
    _Billing(Gateway()).bill(order_id)


def order_statement(order_id):
    return _Statement().total(order_id)


def try_order(order_id):
    gateway = SandboxGateway()
    with engine.begin() as conn:
        total = conn.execute(LOCK_ORDER, {"id": order_id}).scalar_one()
        return gateway.charge(total)


def _commit_then_tell(conn, order_id):
    conn.commit()
    post_hook("done", order=order_id)


def finish_order(order_id):
    with engine.connect() as conn:
        conn.execute(SET_STATUS, {"status": "done", "id": order_id})
        _commit_then_tell(conn, order_id)


def release_order(order_id):
    conn = engine.connect()
    try:
        conn.execute(SET_STATUS, {"status": "released", "id": order_id})
        conn.commit()
        post_hook("released", order=order_id)
    finally:
        conn.close()


def order_with_owner(order_id):
    with engine.connect() as conn:
        user_id = conn.execute(text("SELECT user_id FROM orders WHERE id = :id"), {"id": order_id}).scalar_one()
        return _owner_name(user_id)


def _owner_name(user_id):
    with engine.connect() as conn:
        return conn.execute(text("SELECT name FROM users WHERE id = :id"), {"id": user_id}).scalar_one()


def order_then_owner(order_id):
    with engine.connect() as conn:
        user_id = conn.execute(text("SELECT user_id FROM orders WHERE id = :id"), {"id": order_id}).scalar_one()
    return _owner_name(user_id)


def copy_order(order_id):
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "copied", "id": order_id})
        with engine.begin() as other:
            other.execute(text("INSERT INTO audit_log VALUES ('copied')"))


def log_order(order_id):
    with engine.begin() as conn:
        conn.execute(SET_STATUS, {"status": "logged", "id": order_id})
        with conn.begin_nested():
            conn.execute(text("INSERT INTO audit_log VALUES ('logged')"))
