"""answers requests from a template and a static file"""
# needs: bottle

import io
import sys
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import bottle
import cups

HERE = Path(cups.__file__).parent
app = bottle.Bottle()


@app.route("/<name>")
def hello(name):
    return bottle.template("hello", name=name, template_lookup=[str(HERE)])


@app.route("/static/<name>")
def static(name):
    return bottle.static_file(name, root=str(HERE))


def get(path):
    environ = {"PATH_INFO": path, "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr}
    setup_testing_defaults(environ)
    return b"".join(app(environ, lambda *_: None))


assert get("/Ada") == b"<p>Ada</p>", get("/Ada")
assert get("/static/style.css") == b"p {}\n"
