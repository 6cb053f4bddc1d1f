"""Jinja2: templates of a package in the archive, inheritance included, and its babel plugin."""

from __future__ import annotations

import io
from importlib import metadata, resources

import greeter
import jinja2

from tests.packages.installed import entry_point, read_info, requires

# A real function and data: templates that are resources, by the recipe of `greeter`.
environment = jinja2.Environment(loader=jinja2.FunctionLoader(greeter.template), autoescape=True)
page = environment.get_template("hello.html").render(name="<you>")
assert page.startswith("<!doctype html>\n<title>Hello</title>")
assert "<p>Hello, &lt;you&gt;!</p>" in page
for name in ("missing.html", "../__init__.py"):
    try:
        environment.get_template(name)
    except jinja2.TemplateNotFound:
        continue
    raise AssertionError(name)

# The loader that asks whether a package is zipimport's.
environment = jinja2.Environment(loader=jinja2.PackageLoader("greeter"), autoescape=True)
assert "hello.html" in environment.list_templates()
assert environment.get_template("hello.html").render(name="<you>") == page
try:
    environment.get_template("missing.html")
except jinja2.TemplateNotFound as error:
    assert error.name == "missing.html"

assert resources.files("jinja2").joinpath("py.typed").read_bytes() == b""

# Metadata.
assert metadata.version("jinja2").startswith("3.")
assert "markupsafe" in requires("jinja2")
assert "Pallets" in read_info("Jinja2", "licenses/LICENSE.txt")

# Its entry point finds the messages in a template.
extract = entry_point("babel.extractors", "jinja2").load()
messages = list(extract(io.BytesIO(b"{{ gettext('Hello') }}"), ["gettext"], [], {}))
assert messages == [(1, "gettext", "Hello", [])]
