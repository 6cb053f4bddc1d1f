"""What the tests of the verifier in Python alone share: keys that sign without OpenSSL."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from signedvfs import pure
from signedvfs.pure import verifier

DIRECTORY = Path(pure.__file__).parent


def pem_of(der_in_base64: str) -> bytes:
    """Return the text of a public key."""
    return f"-----BEGIN PUBLIC KEY-----\n{der_in_base64}\n-----END PUBLIC KEY-----\n".encode()


class Signer:
    """An Ed25519 key for manifests that nothing of ours would sign (RFC 8032 section 5.1.6)."""

    def __init__(self, seed: bytes) -> None:
        hashed = hashlib.sha512(seed).digest()
        self._scalar = int.from_bytes(hashed[:32], "little") & (1 << 254) - 8 | 1 << 254
        self._prefix = hashed[32:]
        self._public = verifier._encoded(verifier._times(self._scalar, verifier._BASE))
        der = bytes.fromhex("302a300506032b6570032100") + self._public
        self.fingerprint = hashlib.sha256(der).hexdigest()
        self.pem = pem_of(base64.b64encode(der).decode())

    def sign(self, message: bytes) -> bytes:
        """Return a signature."""
        number = self._number(self._prefix + message)
        begin = verifier._encoded(verifier._times(number, verifier._BASE))
        challenge = self._number(begin + self._public + message)
        end = (number + challenge * self._scalar) % verifier._L
        return begin + end.to_bytes(32, "little")

    def manifest(self, header_and_lines: bytes) -> bytes:
        """Return the manifest with whatever stands in front of the first line without `@`."""
        lines = header_and_lines.split(b"\n")
        count = 1
        while count < len(lines) and lines[count].startswith(b"@"):
            count += 1
        header = b"\n".join(lines[:count]) + b"\n"
        message = b"signedvfs manifest v1\0" + hashlib.sha256(header).digest()
        signature = base64.b64encode(self.sign(message))
        return self.fingerprint.encode() + b" " + signature + b"\n\n" + header_and_lines

    @staticmethod
    def _number(data: bytes) -> int:
        return int.from_bytes(hashlib.sha512(data).digest(), "little") % verifier._L
