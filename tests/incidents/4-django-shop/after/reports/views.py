"""Figures for the managers."""

from datetime import datetime

from django.db.models import Sum
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from orders.models import Order


def revenue(request: HttpRequest) -> JsonResponse:
    """The revenue since January."""
    january = timezone.make_aware(datetime(timezone.now().year, 1, 1))
    orders = Order.objects.filter(created_at__gte=january, status__in=["paid", "closed"])
    figures = orders.aggregate(revenue=Sum("total"))
    return JsonResponse({"revenue": str(figures["revenue"] or 0)})
