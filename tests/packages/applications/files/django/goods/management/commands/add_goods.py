"""A command of the application's own."""

from django.core.management.base import BaseCommand
from goods.models import Good


class Command(BaseCommand):
    """Adds goods by their names."""

    def add_arguments(self, parser):
        parser.add_argument("names", nargs="+")

    def handle(self, *, names, **_):
        for name in names:
            Good.objects.create(name=name)
        self.stdout.write(f"{len(names)} added")
