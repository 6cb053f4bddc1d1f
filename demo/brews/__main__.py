"""Serve the brews on loopback; print the port that was chosen."""

from __future__ import annotations

import socket
import sys

import uvicorn

from brews import app


def main() -> int:
    """Serve until the standard input closes."""
    import threading

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    serving.start()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    sys.stdin.read()
    server.should_exit = True
    serving.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
