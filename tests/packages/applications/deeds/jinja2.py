"""finds, lists and renders templates of a package by PackageLoader"""
# needs: jinja2

import jinja2

environment = jinja2.Environment(loader=jinja2.PackageLoader("pages"))
assert environment.list_templates() == ["base.html", "parts/page.html"]
assert environment.get_template("parts/page.html").render(name="Ada") == "<h1>Ada</h1>"
try:
    environment.get_template("none.html")
except jinja2.TemplateNotFound:
    pass
else:
    raise AssertionError
