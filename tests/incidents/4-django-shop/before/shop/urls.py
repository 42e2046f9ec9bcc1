"""Routes."""

from django.urls import path

from orders import views as orders
from reports import views as reports

urlpatterns = [
    path("orders/<int:order_id>", orders.order_detail),
    path("reports/revenue", reports.revenue),
]
