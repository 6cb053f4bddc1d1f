"""Flask: answers requests with templates and a style sheet from the archive."""

from __future__ import annotations

from importlib import metadata, resources

import flask
import greeter

from tests.packages.installed import read_info, requires, run_script

# A real function and data: an application whose files are resources.
client = greeter.create_app().test_client()
answer = client.get("/you")
assert answer.status_code == 200
assert "<p>Hello, you!</p>" in answer.text
assert client.get("/style.css").text == "p { font-weight: bold }\n"
assert client.get("/style.css").mimetype == "text/css"
assert client.get("/no/such/page").status_code == 404
assert isinstance(client.application, flask.Flask)
readme = resources.files("flask") / "sansio" / "README.md"
assert readme.read_text("utf-8").startswith("# Sansio")

# Metadata.
version = metadata.version("flask")
assert {"jinja2", "werkzeug", "click"} <= requires("flask")
assert "Redistribution" in read_info("flask", "licenses/LICENSE.txt")

# Its script, and a command that another distribution adds to it.
assert f"Flask {version}" in run_script("flask", "--version")
assert "/style.css" in run_script("flask", "--app", "greeter", "routes")
assert run_script("flask", "--app", "greeter", "greetings") == "base.html hello.html\n"
