"""Views and jobs of the shop."""

import requests
from app.notify import post_hook
from app.payments import charge
from app.tasks import send_receipt
from django.core.mail import send_mail
from django.db import connection, transaction
from shop.mail import confirm, subject
from shop.models import Customer, Order
from shop.services import CountingService, PayingService

STOCK_URL = "https://stock.example.com"


def place_order(order_id):
    with transaction.atomic():
        Order.objects.filter(pk=order_id).update(status="placed")
        requests.post(STOCK_URL, json={"order": order_id}, timeout=5)


def accept_order(order_id):
    with transaction.atomic():
        Order.objects.filter(pk=order_id).update(status="accepted")
    requests.post(STOCK_URL, json={"order": order_id}, timeout=5)


@transaction.atomic
def pay_order(order_id):
    order = Order.objects.select_for_update().get(pk=order_id)
    charge(order.total)
    order.status = "paid"
    order.save()


@transaction.atomic
def cancel_order(order_id):
    order = Order.objects.select_for_update().get(pk=order_id)
    order.status = "cancelled"
    order.save()
    return subject(order)


@transaction.atomic()
def confirm_order(order_id):
    order = Order.objects.get(pk=order_id)
    order.status = "confirmed"
    order.save()
    confirm(order.user_id)


def send_confirmation(order_id):
    order = Order.objects.get(pk=order_id)
    order.status = "confirmed"
    order.save()
    confirm(order.user_id)


def commit_then_mail(order_id):
    with transaction.atomic():
        Order.objects.filter(pk=order_id).update(status="sent")
        transaction.on_commit(lambda: send_receipt.delay(order_id))


def mail_then_commit(order_id):
    with transaction.atomic():
        Order.objects.filter(pk=order_id).update(status="sent")
        send_receipt.delay(order_id)


def hook_after_commit(order_id):
    def tell():
        post_hook("sent", order=order_id)

    with transaction.atomic():
        Order.objects.filter(pk=order_id).update(status="sent")
        transaction.on_commit(tell)


@transaction.atomic
def inner_commit(order_id):
    with transaction.atomic():
        Order.objects.filter(pk=order_id).update(status="inner")
    post_hook("inner", order=order_id)


def change_and_pay(order_id):
    PayingService().change(order_id, "paid")


def change_and_count(order_id):
    service = CountingService()
    service.change(order_id, "counted")
    post_hook("counted", count=service.count)


def mail_customers():
    for customer in Customer.objects.filter(active=1):
        send_mail("News", "There is news", "shop@example.com", [customer.email])


def mail_customers_at_once():
    with transaction.atomic():
        for customer in Customer.objects.filter(active=1):
            send_mail("News", "There is news", "shop@example.com", [customer.email])


def restock(order_id):
    try:
        with transaction.atomic():
            Order.objects.filter(pk=order_id).update(status="restocked")
    except Exception:
        post_hook("restock-failed", order=order_id)
        raise


def restock_guarded(order_id):
    with transaction.atomic():
        try:
            Order.objects.filter(pk=order_id).update(status="restocked")
        finally:
            post_hook("restocked", order=order_id)


def raw_update(order_id):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET status = 'raw' WHERE id = %s", [order_id])
    post_hook("raw", order=order_id)


def raw_update_atomic(order_id):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET status = 'raw' WHERE id = %s", [order_id])
        post_hook("raw", order=order_id)


def quote_order(order_id):
    order = Order.objects.get(pk=order_id)
    if order.status == "quoted":
        return charge(order.total)
    with transaction.atomic():
        order.status = "quoted"
        order.save()
    return None
