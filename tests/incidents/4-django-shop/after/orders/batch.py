"""Closes the orders of the day."""

import logging

import requests
from django.db import transaction
from django.utils import timezone

from orders.models import Booking, Order

BATCH = 100

log = logging.getLogger(__name__)


class DayClose:
    """Books all paid orders, a batch at a time, and tells the customers."""

    def run(self) -> int:
        """Closes what is there; says how many."""
        closed = 0
        while batch := self._close_batch():
            for order in batch:
                self._send_notification(order)
            closed += len(batch)
        return closed

    def _close_batch(self) -> list[Order]:
        """Closes one batch, in one transaction."""
        with transaction.atomic():
            paid = Order.objects.select_for_update(skip_locked=True, of=["self"]).filter(status="paid")
            batch = list(paid.select_related("customer").order_by("pk")[:BATCH])
            for order in batch:
                Booking.objects.create(order=order, amount=order.total)
                order.status = "closed"
                order.closed_at = timezone.now()
            Order.objects.bulk_update(batch, ["status", "closed_at"])
        return batch

    def _send_notification(self, order: Order) -> None:
        """Tells the customer's webhook; the next day's reconciliation finds those that were not told."""
        body = {"order": order.pk, "status": "closed", "amount": str(order.total)}
        try:
            requests.post(order.customer.webhook, json=body, timeout=30).raise_for_status()
        except requests.RequestException:
            log.warning("order %s: the webhook of its customer does not answer", order.pk)
