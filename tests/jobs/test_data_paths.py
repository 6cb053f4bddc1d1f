"""A library that gives the path of a file in it to what reads by path: C code, other programs."""

from __future__ import annotations

from tests.jobs.conftest import Program

# A certificate of nobody's.
AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBXzCCARGgAwIBAgIUdidLJOP7LEbt+M4rPQpUQNXImQcwBQYDK2VwMCQxIjAg
BgNVBAMMGUFuIGF1dGhvcml0eSBvZiB0aGUgdGVzdHMwIBcNMjYxMTI4MTgwNjI1
WhgPMjEyNjExMDQxODA2MjVaMCQxIjAgBgNVBAMMGUFuIGF1dGhvcml0eSBvZiB0
aGUgdGVzdHMwKjAFBgMrZXADIQCBxaEJ+G/TtCeCJ0BxkiAPDsKejc7Ntj6CKX8S
mGAsZKNTMFEwHQYDVR0OBBYEFCUlDoe2OkCgYIHYTRAQLqyM5H8FMB8GA1UdIwQY
MBaAFCUlDoe2OkCgYIHYTRAQLqyM5H8FMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2Vw
A0EAdxjg4LCLktSeifb643/Q/Dfp7N9hLjmay1KhqEoSbaOJ7vNdeXmnB3eU7elE
T9z/yVEoANAhlh9uKqPpjGcDCg==
-----END CERTIFICATE-----
"""
# As libraries with a bundle of certificates do it: the path is good until the program ends.
LIBRARY = """
import atexit
from contextlib import ExitStack
from importlib.resources import as_file, files

_held = ExitStack()
atexit.register(_held.close)
_path = None

def where():
    global _path
    if _path is None:
        _path = str(_held.enter_context(as_file(files("authorities") / "bundle.pem")))
    return _path
"""
MAIN = """
import ssl, subprocess, sys
from authorities import where

assert where() == where()
context = ssl.create_default_context(cafile=where())
print(context.get_ca_certs()[0]["subject"][0][0][1], flush=True)
child = "import ssl, sys; print(len(ssl.create_default_context(cafile=sys.argv[1]).get_ca_certs()))"
subprocess.run([sys.executable, "-c", child, where()], check=True)
subprocess.run(["head", "-n", "1", where()], check=True)
"""


def test_openssl_a_child_and_another_program_read_it(program: Program) -> None:
    done = program(
        {
            "program.py": MAIN,
            "authorities/__init__.py": LIBRARY,
            "authorities/bundle.pem": AUTHORITY,
        }
    )
    assert done.out == "An authority of the tests\n1\n-----BEGIN CERTIFICATE-----\n", done.err
