"""Tables of orders."""

from django.db import models


class Customer(models.Model):
    """Who buys."""

    name = models.CharField(max_length=200)
    webhook = models.URLField()


class Order(models.Model):
    """What somebody bought."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    status = models.CharField(max_length=20, default="new")
    total = models.DecimalField(max_digits=12, decimal_places=2)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Both batches and reports look for these."""

        indexes = [models.Index(fields=["status", "created_at"])]


class OrderLine(models.Model):
    """One article of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    article = models.CharField(max_length=40)
    quantity = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=2)


class Booking(models.Model):
    """What accounting is told of an order."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
