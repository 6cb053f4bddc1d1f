"""Serve the notebook on loopback; print the port that was chosen."""

from __future__ import annotations

import sys

from werkzeug.serving import make_server

from notes import create_app


def main() -> int:
    """Serve until the standard input closes."""
    import threading

    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    sys.stdin.read()
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
