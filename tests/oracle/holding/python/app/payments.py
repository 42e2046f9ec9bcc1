"""Payments."""

import stripe

RATES = {"EUR": 100, "USD": 108}


def charge(amount):
    return stripe.PaymentIntent.create(amount=amount, currency="eur")


def convert(amount, currency):
    return amount * RATES[currency] // 100


class Gateway:
    """The payment provider."""

    def charge(self, amount):
        return charge(amount)

    def fee(self, amount):
        return amount // 50


class SandboxGateway(Gateway):
    """Pays nothing."""

    def charge(self, amount):
        return {"amount": amount, "sandbox": True}
