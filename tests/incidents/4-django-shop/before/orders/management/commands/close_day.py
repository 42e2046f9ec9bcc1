"""`manage.py close_day`."""

from django.core.management.base import BaseCommand

from orders.batch import DayClose


class Command(BaseCommand):
    """Closes the orders of the day."""

    def handle(self, *arguments, **options) -> None:
        """Runs at nine in the evening."""
        self.stdout.write(f"{DayClose().run()} orders closed")
