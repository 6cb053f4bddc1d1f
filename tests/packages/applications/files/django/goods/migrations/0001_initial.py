"""What makemigrations writes for models.py."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes the one table."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            "Good",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
            ],
        )
    ]
