"""checks and migrates a project, runs its own command, renders a template, serves a static file"""
# needs: django

import os
from pathlib import Path

from doing import run

os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"

import django
from django.core.management import execute_from_command_line

assert "no issues" in run(lambda: execute_from_command_line(["manage", "check"]))
assert "Applying goods.0001_initial... OK" in run(
    lambda: execute_from_command_line(["manage", "migrate"])
)
assert "No changes" in run(
    lambda: execute_from_command_line(["manage", "makemigrations", "--check", "--dry-run"])
)
assert "1 added" in run(lambda: execute_from_command_line(["manage", "add_goods", "tea"]))
assert "1 static file copied" in run(
    lambda: execute_from_command_line(["manage", "collectstatic", "--noinput"])
)
assert Path("collected/goods/style.css").read_text() == "p { margin: 0 }\n"
django.setup()
from django.test import Client

answer = Client().get("/")
assert answer.content == b"<p>tea</p>\n", answer.content
