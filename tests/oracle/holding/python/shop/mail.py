"""Mail of the shop."""

from django.core.mail import send_mail

from shop.models import Customer


def confirm(customer_id):
    customer = Customer.objects.get(pk=customer_id)
    send_mail("Confirmed", "Thank you", "shop@example.com", [customer.email])


def subject(order):
    return f"Order {order.pk}: {order.status}"
