"""A small notebook on the web: Markdown in, HTML out, kept in SQLite.

It is the application that `make demo` packs, signs and serves. It knows nothing of signedvfs: its
templates and style sheet are read with `pkgutil.get_data`, as any zip-safe package does.
"""

from __future__ import annotations

import pkgutil
import sqlite3

import jinja2
from flask import Flask, Response, abort, redirect, render_template, request, url_for
from markdown import Markdown
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.tables import TableExtension
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as AnyResponse


def _template(name: str) -> str | None:
    try:
        data = pkgutil.get_data(__name__, f"templates/{name}")
    except OSError:
        return None
    return None if data is None else data.decode("utf-8")


def create_app(database: str = ":memory:") -> Flask:
    """Return the application over the SQLite file `database`."""
    app = Flask(__name__, static_folder=None)
    app.jinja_loader = jinja2.FunctionLoader(_template)
    store = sqlite3.connect(database, check_same_thread=False)
    store.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    markdown = Markdown(extensions=[FencedCodeExtension(), TableExtension()])

    @app.get("/")
    def index() -> str:
        rows = store.execute("SELECT id, text FROM notes ORDER BY id DESC").fetchall()
        notes = [(row, Markup(markdown.reset().convert(str(escape(text))))) for row, text in rows]
        return render_template("index.html", notes=notes)

    @app.post("/notes")
    def add() -> AnyResponse:
        text = request.form.get("text", "").strip()
        if not text:
            abort(400, "a note needs some text")
        with store:
            store.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        return redirect(url_for("index"))

    @app.get("/style.css")
    def style() -> Response:
        return Response(pkgutil.get_data(__name__, "static/style.css"), mimetype="text/css")

    return app
