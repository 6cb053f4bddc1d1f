"""asks a server of this machine, with a client that has loaded its certificates"""
# needs: httpx

import http.server
import threading

import httpx

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
with httpx.Client(trust_env=False) as client:
    assert client.get(f"http://127.0.0.1:{server.server_port}/").status_code == 200
