"""serves an application by a worker that it forks"""
# needs: gunicorn

import os
import signal
import socket
import threading
import time

from doing import run
from gunicorn.app.wsgiapp import run as gunicorn

bound = "gunicorn.sock"


def ask() -> None:
    for _ in range(100):
        time.sleep(0.1)
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(bound)
            except OSError:
                continue
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if b"green tea" in connection.makefile("rb").read():
                answered.set()
            break
    os.kill(os.getpid(), signal.SIGTERM)


answered = threading.Event()
threading.Thread(target=ask, daemon=True).start()
run(gunicorn, "gunicorn", "--bind", f"unix:{bound}", "service:app")
assert answered.is_set()
