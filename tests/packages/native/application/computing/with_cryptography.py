"""cryptography: its Rust module with OpenSSL inside, beside the OpenSSL of the interpreter."""

from __future__ import annotations

import datetime
import hashlib
import ssl

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def compute() -> None:
    box, nonce = AESGCM(bytes(32)), bytes(12)
    sealed = box.encrypt(nonce, b"tea", b"cup")
    assert box.decrypt(nonce, sealed, b"cup") == b"tea"
    try:
        box.decrypt(nonce, sealed, b"mug")
    except InvalidTag:
        pass
    else:
        raise AssertionError("other data was taken for the same")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"tea")
    assert digest.finalize() == hashlib.sha256(b"tea").digest()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tea")])
    begin = datetime.datetime(2026, 1, 1)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, begin)
    certificate = made.not_valid_after(begin + datetime.timedelta(days=9)).sign(
        key, hashes.SHA256()
    )
    text = certificate.public_bytes(serialization.Encoding.PEM).decode()
    # The interpreter's own OpenSSL takes it.
    ssl.create_default_context(cadata=text)
