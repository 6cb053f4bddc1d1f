"""answers requests from a template and a static file"""
# needs: flask

from site_of_flask import app

client = app.test_client()
assert client.get("/Ada").text == "<p>Hello, Ada</p>"
assert client.get("/static/style.css").text == "p { margin: 0 }\n"
assert client.get("/static/none.css").status_code == 404
