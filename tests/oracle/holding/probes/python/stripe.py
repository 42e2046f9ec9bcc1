"""Stands for stripe while the corpus runs."""

from harness.holding import watch

api_key = None


class StripeError(Exception):
    """The base of what stripe raises."""


class PaymentIntent:
    """A payment; each of its methods waits."""

    create = retrieve = confirm = capture = cancel = staticmethod(watch.wait)


class Refund(PaymentIntent):
    """A refund."""
