"""Orders."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session, select

from app.db import get_session
from app.models import Order, OrderBase

router = APIRouter(prefix="/orders")
SessionDependency = Annotated[Session, Depends(get_session)]

REVIEW_LIMIT = 10_000


@router.post("", status_code=201)
def create_order(body: OrderBase, session: SessionDependency) -> Order:
    """Stores an order; large ones are left to a person."""
    order = Order.model_validate(body)
    session.add(order)
    session.commit()
    session.refresh(order)
    if order.total > REVIEW_LIMIT:
        raise HTTPException(status_code=422, detail=f"order {order.id} needs a review")
    return order


@router.get("/{order_id}")
def read_order(order_id: int, session: SessionDependency) -> Order:
    """One order."""
    order = session.get(Order, order_id)
    if order is None:
        raise HTTPException(status_code=404)
    return order


@router.get("")
def list_orders(customer_id: int, session: SessionDependency) -> list[Order]:
    """A customer's newest orders."""
    query = select(Order).where(Order.customer_id == customer_id).order_by(Order.id.desc()).limit(50)
    return list(session.exec(query).all())
