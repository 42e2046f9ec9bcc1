"""Figures for the managers."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Count
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from orders.models import Order


def revenue(request: HttpRequest) -> JsonResponse:
    """The revenue since January."""
    january = timezone.make_aware(datetime(timezone.now().year, 1, 1))
    orders = (
        Order.objects.select_related("customer")
        .filter(created_at__gte=january, status__in=["paid", "closed"])
        .annotate(line_count=Count("lines"))
    )
    revenue = Decimal(0)
    lines = 0
    for order in orders:
        revenue += order.total
        lines += order.line_count
    return JsonResponse({"revenue": str(revenue), "lines": lines})
