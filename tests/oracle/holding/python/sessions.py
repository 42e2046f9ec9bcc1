"""Users and orders, through SQLAlchemy's ORM."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import httpx
import requests
from app.db import SessionLocal, engine
from app.models import Order, User
from app.notify import notify_customer, post_hook
from app.payments import charge
from app.scopes import in_session, unit_of_work
from sqlalchemy import event, select
from sqlalchemy.orm import Session

PROFILE_URL = "https://profiles.example.com"


def refresh_user(user_id):
    with Session(engine) as session:
        user = session.get(User, user_id)
        user.name = httpx.get(f"{PROFILE_URL}/{user_id}").text
        session.commit()


def reload_user(user_id):
    name = httpx.get(f"{PROFILE_URL}/{user_id}").text
    with Session(engine) as session:
        session.get(User, user_id).name = name
        session.commit()


def import_user(user_id):
    with Session(engine) as session:
        profile = httpx.get(f"{PROFILE_URL}/{user_id}").text
        session.get(User, user_id).name = profile
        session.commit()


def greet_user(user_id):
    with SessionLocal.begin() as session:
        user = session.get(User, user_id)
        notify_customer(user.email, "hello")


def welcome_user(user_id):
    with SessionLocal.begin() as session:
        email = session.get(User, user_id).email
    notify_customer(email, "welcome")


def activate_user(user_id):
    session = SessionLocal()
    try:
        session.get(User, user_id).active = 1
        session.commit()
        post_hook("activated", user=user_id)
    finally:
        session.close()


def deactivate_user(user_id):
    session = SessionLocal()
    try:
        user = session.get(User, user_id)
        user.active = 0
        session.commit()
        notify_customer(user.email, "goodbye")
    finally:
        session.close()


def suspend_user(user_id):
    session = SessionLocal()
    try:
        session.get(User, user_id).active = 0
        session.flush()
        post_hook("suspended", user=user_id)
        session.commit()
    finally:
        session.close()


def rename_user(user_id, name):
    with unit_of_work() as session:
        session.get(User, user_id).name = name
        post_hook("renamed", user=user_id)


def correct_user(user_id, name):
    with unit_of_work() as session:
        session.get(User, user_id).name = name
    post_hook("corrected", user=user_id)


def charge_order(order_id):
    def work(session):
        order = session.get(Order, order_id)
        order.status = "paid"
        charge(order.total)

    in_session(work)


def approve_order(order_id):
    def work(session):
        order = session.get(Order, order_id)
        order.status = "approved"
        return order.total

    charge(in_session(work))


def enrich_users(user_ids):
    with SessionLocal() as session:
        for user in session.scalars(select(User).where(User.id.in_(user_ids))):
            user.name = requests.get(f"{PROFILE_URL}/{user.id}", timeout=2).text
        session.commit()


def enrich_users_slowly(user_ids):
    for user_id in user_ids:
        name = requests.get(f"{PROFILE_URL}/{user_id}", timeout=2).text
        with SessionLocal() as session:
            session.get(User, user_id).name = name
            session.commit()
        time.sleep(0.1)


def check_user(user_id):
    with SessionLocal() as session:
        user = session.get(User, user_id)
        if user.active:
            return user.name
        session.rollback()
        return requests.get(f"{PROFILE_URL}/{user_id}", timeout=2).text


def verify_user(user_id):
    with SessionLocal() as session:
        user = session.get(User, user_id)
        if not user.active:
            return requests.get(f"{PROFILE_URL}/{user_id}", timeout=2).text
        return user.name


def detach_user(user_id):
    session = SessionLocal()
    user = session.get(User, user_id)
    session.close()
    return requests.get(f"{PROFILE_URL}/{user.id}", timeout=2).text


def watch_commit(user_id):
    with SessionLocal() as session:
        event.listen(session, "after_commit", lambda _: None)
        session.get(User, user_id).active = 1
        session.commit()


def score_user(user_id):
    with SessionLocal() as session:
        user = session.get(User, user_id)
        with ThreadPoolExecutor(max_workers=1) as executor:
            user.name = executor.submit(_fetch_profile, user_id).result()
        session.commit()


def _fetch_profile(user_id):
    return requests.get(f"{PROFILE_URL}/{user_id}", timeout=2).text


def ping_user(user_id):
    with SessionLocal() as session:
        session.get(User, user_id).active = 1
        Thread(target=_fetch_profile, args=(user_id,)).start()
        session.commit()


class _Repository:
    def __init__(self, session):
        self.session = session

    def pending(self):
        return self.session.scalars(select(Order).where(Order.status == "pending").limit(1)).all()

    def save(self):
        self.session.commit()


class _Checkout:
    def __init__(self, session):
        self.orders = _Repository(session)

    def run(self):
        for order in self.orders.pending():
            self._pay(order)
        self.orders.save()

    def _pay(self, order):
        order.status = "paid"
        charge(order.total)


class _Deferred(_Checkout):
    def run(self):
        totals = []
        for order in self.orders.pending():
            order.status = "paid"
            totals.append(order.total)
        self.orders.save()
        for total in totals:
            charge(total)


def check_out_pending():
    with Session(engine) as session:
        _Checkout(session).run()


def check_out_pending_later():
    with Session(engine) as session:
        _Deferred(session).run()


def reconcile(order_id):
    session = Session(engine)
    try:
        order = session.get(Order, order_id)
        with SessionLocal() as other:
            owner = other.get(User, order.user_id)
            return owner.name
    finally:
        session.close()


def compare(order_id):
    session = Session(engine)
    try:
        order = session.get(Order, order_id)
        owner = session.get(User, order.user_id)
        return owner.name
    finally:
        session.close()


def bound_session(order_id):
    with engine.connect() as conn, Session(bind=conn) as session:
        return session.get(Order, order_id).status
