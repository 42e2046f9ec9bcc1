"""Models of the shop."""

from django.db import models


class Customer(models.Model):
    """Somebody who buys."""

    name = models.TextField()
    email = models.TextField()
    active = models.IntegerField(default=1)

    class Meta:
        """Where it is kept."""

        managed = False
        db_table = "users"


class Order(models.Model):
    """What somebody bought."""

    user = models.ForeignKey(Customer, on_delete=models.CASCADE)
    total = models.IntegerField()
    status = models.TextField()

    class Meta:
        """Where it is kept."""

        managed = False
        db_table = "orders"
