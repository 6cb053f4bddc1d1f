"""requests: an HTTP request, certifi's certificates, and the script of a dependency."""

from __future__ import annotations

import http.server
import ssl
import threading
from importlib import metadata
from pathlib import Path

import certifi
import requests

from tests.packages.installed import read_info, run_script
from tests.packages.installed import requires as required


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the path that it was asked for."""

    def do_GET(self) -> None:
        body = f'{{"path": "{self.path}"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


# A real function: a session with a query, over a socket.
with http.server.HTTPServer(("127.0.0.1", 0), Echo) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with requests.Session() as session:
        session.trust_env = False
        url = f"http://127.0.0.1:{server.server_port}/hello"
        answer = session.get(url, params={"q": "a b"}, timeout=30)
    server.shutdown()
assert answer.status_code == 200
assert answer.json() == {"path": "/hello?q=a+b"}

# Data: OpenSSL takes the certificates by path.
bundle = Path(certifi.where())
assert requests.certs.where() == str(bundle)
assert bundle.name.endswith("cacert.pem")
assert "-----BEGIN CERTIFICATE-----" in certifi.contents()
context = ssl.create_default_context(cafile=requests.utils.DEFAULT_CA_BUNDLE_PATH)
assert context.cert_store_stats()["x509_ca"] > 100

# Metadata.
assert metadata.version("requests") == requests.__version__
assert {"certifi", "idna", "urllib3"} <= required("requests")
assert "Apache License" in read_info("requests", "licenses/LICENSE")

# requests has no entry point; what detects encodings for it has one.
assert "Charset-Normalizer" in run_script("normalizer", "--version")
