"""Services on SQLAlchemy sessions."""

from contextlib import nullcontext

from app.db import ScopedSession, SessionLocal, engine
from app.models import Order, User
from sqlalchemy import select, text
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session


class LimitExceeded(Exception):
    """The order is too large to be taken online."""


def get_user(user_id):
    with Session(engine) as session:
        return session.get(User, user_id)


def approve_order(order_id):
    session = Session(engine)
    order = session.get(Order, order_id)
    if order.total > 10_000:
        raise LimitExceeded(order_id)
    order.status = "approved"
    session.commit()
    session.close()


def reject_order(order_id):
    session = SessionLocal()
    try:
        order = session.get(Order, order_id)
        if order is None:
            return False
        order.status = "rejected"
        session.commit()
        return True
    except Exception:
        session.rollback()
        raise
    finally:
        session.close()


def list_orders(user_id):
    session = SessionLocal()
    return session.scalars(select(Order).where(Order.user_id == user_id)).all()


def list_users():
    with SessionLocal() as session:
        return [user.name for user in session.scalars(select(User))]


def mark_paid(order_id):
    with SessionLocal.begin() as session:
        session.get(Order, order_id).status = "paid"


def order_owner(order_id):
    session = Session(bind=engine)
    try:
        order = session.scalars(select(Order).where(Order.id == order_id)).one()
    except NoResultFound:
        return None
    owner = session.get(User, order.user_id).name
    session.close()
    return owner


def user_names_without_flush():
    with Session(engine).no_autoflush as session:
        return [user.name for user in session.scalars(select(User))]


def user_emails_without_flush():
    with Session(engine) as session, session.no_autoflush:
        return [user.email for user in session.scalars(select(User))]


def touch_user(user_id):
    session = ScopedSession()
    user = session.get(User, user_id)
    if user is None:
        return None
    name = user.name
    ScopedSession.remove()
    return name


def greet_user(user_id):
    try:
        user = ScopedSession().get(User, user_id)
        return f"Hello {user.name}" if user is not None else "Hello"
    finally:
        ScopedSession.remove()


def refresh_total(order_id, session=None):
    with nullcontext(session) if session is not None else Session(engine) as current:
        return current.get(Order, order_id).total


def import_users(names):
    session = SessionLocal()
    try:
        for name in names:
            session.execute(text("INSERT INTO audit_log VALUES (:name)"), {"name": name})
        session.commit()
    except Exception:
        session.rollback()
        session.close()
        raise


def import_orders(messages):
    session = SessionLocal()
    try:
        for message in messages:
            session.execute(text("INSERT INTO audit_log VALUES (:message)"), {"message": message})
        session.commit()
    except Exception:
        session.rollback()
        raise
    else:
        session.close()


def export_orders(write):
    session = SessionLocal()
    try:
        for order in session.scalars(select(Order)):
            write(order.id, order.total)
    finally:
        session.close()


def export_users(write):
    session = SessionLocal()
    users = session.scalars(select(User)).all()
    try:
        for user in users:
            write(user.id, user.name)
    finally:
        session.close()


def count_orders(session=None):
    owned = session is None
    session = session or SessionLocal()
    try:
        return len(session.scalars(select(Order)).all())
    finally:
        if owned:
            session.close()


def count_users(session=None):
    session = session or SessionLocal()
    return len(session.scalars(select(User)).all())
