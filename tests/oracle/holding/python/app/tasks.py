"""Background tasks."""

from celery import shared_task

from app.notify import post_hook


@shared_task
def send_receipt(order_id):
    post_hook("receipt", order=order_id)


@shared_task(bind=False)
def rebuild_index(user_id):
    post_hook("index", user=user_id)
