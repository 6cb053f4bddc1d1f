"""A WSGI application."""


def app(_, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"green tea"]
