"""A Flask application as its tutorial lays one out."""

from flask import Flask, render_template

app = Flask(__name__)


@app.route("/<name>")
def hello(name: str) -> str:
    return render_template("hello.html", name=name)
