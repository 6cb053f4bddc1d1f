"""An application of three files and its own metadata: what its libraries find it by is packed too.

It knows nothing of signedvfs.
"""

from __future__ import annotations

import importlib.resources

import click
import jinja2
from flask import Flask, Response
from flask.cli import with_appcontext
from jinja2.loaders import split_template_path
from pygments.style import Style
from pygments.token import Keyword


def template(name: str) -> str | None:
    """Read a template, for jinja2.FunctionLoader.

    jinja2.PackageLoader serves directories and zipimport's archives; this serves every importer.
    """
    path = importlib.resources.files("greeter") / "templates"
    for part in split_template_path(name):
        path = path / part
    return path.read_text("utf-8") if path.is_file() else None


def create_app() -> Flask:
    """Return the application; `flask --app greeter` calls this."""
    app = Flask(__name__, static_folder=None)
    app.jinja_loader = jinja2.FunctionLoader(template)

    @app.get("/<name>")
    def hello(name: str) -> str:
        return app.jinja_env.get_template("hello.html").render(name=name)

    @app.get("/style.css")
    def style() -> Response:
        sheet = importlib.resources.files("greeter") / "static" / "style.css"
        return Response(sheet.read_bytes(), mimetype="text/css")

    return app


@click.command()
@click.argument("name", default="world")
@click.version_option(package_name="greeter")
def main(name: str) -> None:
    """Greet somebody."""
    click.secho(f"Hello, {name}!", bold=True)


@click.command()
@with_appcontext
def greetings() -> None:
    """List the templates (a command that Flask finds by an entry point)."""
    directory = importlib.resources.files("greeter") / "templates"
    click.echo(" ".join(sorted(path.name for path in directory.iterdir())))


class LoudStyle(Style):  # type: ignore[misc]  # Pygments has no types
    """A style that Pygments finds by an entry point."""

    styles = {Keyword: "bold #ff0000"}  # noqa: RUF012  # Pygments wants it that way
