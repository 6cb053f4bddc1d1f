"""asks a server of this machine, and colours what it answers"""
# needs: httpie

import http.server
import threading
from pathlib import Path

from httpie.core import main

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/"
words = ["http", "--ignore-stdin", "--print=h", "--pretty=all", "--output=answer", address]
assert main(words) == 0
shown = Path("answer").read_text()
assert "200" in shown and "\x1b[" in shown, shown
