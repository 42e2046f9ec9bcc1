"""Orders."""

from fastapi import APIRouter, HTTPException
from sqlmodel import Session, select

from app.db import engine
from app.models import Order, OrderBase

router = APIRouter(prefix="/orders")

REVIEW_LIMIT = 10_000


@router.post("", status_code=201)
def create_order(body: OrderBase) -> Order:
    """Stores an order; large ones are left to a person."""
    session = Session(engine)
    order = Order.model_validate(body)
    session.add(order)
    session.commit()
    session.refresh(order)
    if order.total > REVIEW_LIMIT:
        raise HTTPException(status_code=422, detail=f"order {order.id} needs a review")
    session.close()
    return order


@router.get("/{order_id}")
def read_order(order_id: int) -> Order:
    """One order."""
    with Session(engine) as session:
        order = session.get(Order, order_id)
        if order is None:
            raise HTTPException(status_code=404)
        return order


@router.get("")
def list_orders(customer_id: int) -> list[Order]:
    """A customer's newest orders."""
    with Session(engine) as session:
        query = select(Order).where(Order.customer_id == customer_id).order_by(Order.id.desc()).limit(50)
        return list(session.exec(query).all())
