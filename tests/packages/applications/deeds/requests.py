"""makes a TLS context from its bundle of certificates, here and in a child"""
# needs: requests

import ssl
import subprocess
import sys

import certifi
import requests

where = certifi.where()
code = "import sys, ssl; ssl.create_default_context(cafile=sys.argv[1])"
subprocess.run([sys.executable, "-c", code, where], check=True)
assert len(ssl.create_default_context(cafile=where).get_ca_certs()) > 50
try:
    requests.get("https://127.0.0.1:9/", timeout=5)
except requests.exceptions.ConnectionError:
    pass
else:
    raise AssertionError
