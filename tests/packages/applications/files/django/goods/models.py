"""What is sold."""

from django.db import models


class Good(models.Model):
    """A good has a name."""

    name = models.CharField(max_length=80)
