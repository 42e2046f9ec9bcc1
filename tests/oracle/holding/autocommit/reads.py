"""Reads on connections without transactions."""

import requests
from sqlalchemy import text
from tools.db import autocommit_engine, engine

STATUS_URL = "https://shipping.example.com/status"
SET_STATUS = text("UPDATE orders SET status = :status WHERE id = :id")


def read_status(order_id):
    with autocommit_engine.connect() as conn:
        status = conn.execute(text("SELECT status FROM orders WHERE id = :id"), {"id": order_id}).scalar_one()
        answer = requests.get(STATUS_URL, params={"status": status}, timeout=3)
    return answer.text


def remote_status(order_id):
    with autocommit_engine.connect() as conn:
        status = conn.execute(text("SELECT status FROM orders WHERE id = :id"), {"id": order_id}).scalar_one()
    return requests.get(STATUS_URL, params={"status": status}, timeout=3).text


def mirror_order(order_id):
    with engine.connect() as conn, autocommit_engine.connect() as target:
        status = conn.execute(text("SELECT status FROM orders WHERE id = :id"), {"id": order_id}).scalar_one()
        target.execute(SET_STATUS, {"status": status, "id": order_id})
