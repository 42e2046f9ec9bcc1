"""Tables and request bodies."""

from sqlmodel import Field, SQLModel


class OrderBase(SQLModel):
    """What a client sends."""

    customer_id: int = Field(index=True)
    total: int


class Order(OrderBase, table=True):
    """A stored order; totals are in cents."""

    __tablename__ = "orders"

    id: int | None = Field(default=None, primary_key=True)
    status: str = "new"
