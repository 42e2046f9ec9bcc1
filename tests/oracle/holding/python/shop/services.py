"""Services of the shop."""

from app.payments import charge
from django.db import transaction

from shop.models import Order


class OrderService:
    """Changes one order."""

    @transaction.atomic
    def change(self, order_id, status):
        order = Order.objects.select_for_update().get(pk=order_id)
        order.status = status
        order.save()
        self.changed(order)

    def changed(self, order):
        """What a subclass does besides."""


class PayingService(OrderService):
    """Also takes the money."""

    def changed(self, order):
        charge(order.total)


class CountingService(OrderService):
    """Also counts."""

    def __init__(self):
        self.count = 0

    def changed(self, order):
        self.count += 1
