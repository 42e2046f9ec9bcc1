"""What customers see of their orders."""

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404

from orders.models import Order


def order_detail(request: HttpRequest, order_id: int) -> JsonResponse:
    """One order."""
    order = get_object_or_404(Order, pk=order_id)
    return JsonResponse({"id": order.pk, "status": order.status, "total": str(order.total)})
