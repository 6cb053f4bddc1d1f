"""Digests, keys and signatures: the same vectors as for the native verifier, and hashlib."""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

import pytest

import signedvfs
from signedvfs import pure
from signedvfs.pure import verifier
from tests.bindings.pure.helpers import Signer, pem_of

_VECTORS = Path(__file__).parents[2] / "vfs" / "signature_vectors" / "signatures.txt"


def _verdict(key: str, message: bytes, signature: bytes) -> str:
    try:
        loaded = pure.Key(pem_of(key))
    except pure.RefusedError:
        return "key"
    try:
        return "good" if loaded.fits(message, signature) else "bad"
    except pure.RefusedError:  # no encoding of a signature at all
        return "bad"


def test_the_vectors_of_the_native_verifier_are_judged_alike() -> None:
    verdicts = []
    for line in _VECTORS.read_text().splitlines():
        name, verdict, key, message, signature = line.split()
        found = _verdict(
            key, bytes.fromhex(message.strip("-")), bytes.fromhex(signature.strip("-"))
        )
        assert found == verdict, name
        verdicts.append(verdict)
        try:
            native = signedvfs.PublicKey(key)
        except signedvfs.KeyFileError:
            assert verdict == "key", name
        else:
            assert native.fingerprint == pure.Key(pem_of(key)).fingerprint
    assert min(verdicts.count(one) for one in ("good", "bad", "key")) >= 10


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_digests_are_those_of_hashlib(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(name)
    contents = [chance.randbytes(size) for size in (*range(140), 255, 256, 257, 5000)]
    expected = [hashlib.new(name, content).digest() for content in contents]
    assert [verifier.digest_of(name, content) for content in contents] == expected
    monkeypatch.setattr(sys, "builtin_module_names", ())
    assert [verifier.digest_of(name, content) for content in contents] == expected


def test_a_signature_with_any_bit_changed_is_refused() -> None:
    signer = Signer(b"bits")
    key, signature = pure.Key(signer.pem), signer.sign(b"message")
    assert key.fits(b"message", signature)
    for bit in range(0, 8 * len(signature), 5):
        changed = int.from_bytes(signature, "big") ^ 1 << bit
        assert not key.fits(b"message", changed.to_bytes(len(signature), "big"))


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem[:0],
        lambda pem: pem.replace(b"PUBLIC", b"PRIVATE"),
        lambda pem: pem + pem,
        lambda pem: pem.replace(b"=", b""),
        lambda pem: pem.replace(b"MCow", b"MC-w"),
        lambda pem: pem.replace(b"MCow", b"M\0ow"),
        lambda pem: b"x" + pem,
        lambda pem: pem.replace(b"\n-----END", b"AAAA\n-----END"),
    ],
)
def test_a_text_that_is_no_key_is_refused(change: object) -> None:
    signer = Signer(b"pem")
    assert callable(change) and pure.Key(b"\n" + signer.pem.replace(b"\n", b"\r\n"))
    with pytest.raises(pure.RefusedError):
        pure.Key(change(signer.pem))
