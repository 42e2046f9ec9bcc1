"""Jobs on Django's connection, with its autocommit turned off for a while."""

from django.db import connection, transaction
from tools.notify import post_hook


def _update(order_id, status):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET status = %s WHERE id = %s", [status, order_id])


def switch_autocommit(order_id):
    transaction.set_autocommit(False)
    try:
        _update(order_id, "switched")
        transaction.commit()
    except Exception:
        transaction.rollback()
        raise
    finally:
        transaction.set_autocommit(True)
    post_hook("switched", order=order_id)


def switch_autocommit_and_tell(order_id):
    transaction.set_autocommit(False)
    try:
        _update(order_id, "switched")
        post_hook("switched", order=order_id)
        transaction.commit()
    except Exception:
        transaction.rollback()
        raise
    finally:
        transaction.set_autocommit(True)


def turn_off_autocommit(order_id):
    transaction.set_autocommit(False)
    _update(order_id, "off")
    transaction.commit()
    transaction.set_autocommit(True)
