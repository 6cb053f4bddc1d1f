"""A service of Flask that ends after its first answer.

Its first word is the number of a socket that listens, or "itself": then it asks itself.
"""

from __future__ import annotations

import socket
import sys

from flask import Flask
from werkzeug.serving import make_server

app = Flask("tea")


@app.get("/")
def tea() -> dict[str, str]:
    return {"of": "oolong"}


def main() -> None:
    if sys.argv[1] == "itself":
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        number = listener.fileno()
    else:
        number = int(sys.argv[1])
    make_server("127.0.0.1", 0, app, fd=number).handle_request()
    if sys.argv[-1] == "--modules":
        print(len(sys.modules))


if __name__ == "__main__":
    main()
