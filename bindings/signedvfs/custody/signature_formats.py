"""Signatures from elsewhere: lines of a manifest, files of signify and minisign, plain bytes."""

from __future__ import annotations

import base64
import binascii

from signedvfs.custody.failures import MOST_BYTES, bad_signature
from signedvfs.custody.key_formats import COMMENT, signify_content

_FINGERPRINT_DIGITS = 64
_SIGNATURE_BYTES = 64  # of Ed25519
_PLAIN = b"Ed"  # signify's, and of `minisign -S -l`
_HASHED = b"ED"  # what minisign makes by default
_MINISIGN_LINES = 4


def read_signatures(content: bytes, where: str) -> list[tuple[str, bytes]]:
    """read_signatures returns what one file holds: pairs of a fingerprint, which is "" where only
    checking tells whose it is, and a signature. Raises KeyFileError.
    """
    if len(content) > MOST_BYTES * 4 or not content:
        raise bad_signature(f"{where}: {len(content)} bytes, which is no signature")
    if content.startswith(COMMENT):
        return [("", _signify_signature(content, where))]
    lines = content.split(b"\n")
    if _is_line(lines[0]):
        return [_manifest_line(line, where) for line in lines if line]
    return [("", content)]


def _is_line(line: bytes) -> bool:
    digits, space = line[:_FINGERPRINT_DIGITS], line[_FINGERPRINT_DIGITS:][:1]
    is_hex = not set(digits) - set(b"0123456789abcdef")
    return len(digits) == _FINGERPRINT_DIGITS and is_hex and space == b" "


def _manifest_line(line: bytes, where: str) -> tuple[str, bytes]:
    try:
        if not _is_line(line):
            raise binascii.Error
        value = base64.b64decode(line[_FINGERPRINT_DIGITS + 1 :], validate=True)
    except binascii.Error:
        raise bad_signature(f"{where}: a line that is no fingerprint and base64") from None
    return line[:_FINGERPRINT_DIGITS].decode("ascii"), value


def _signify_signature(content: bytes, where: str) -> bytes:
    algorithm, signature = signify_content(content, where, _SIGNATURE_BYTES)
    if algorithm == _HASHED:
        raise bad_signature(
            f"{where}: minisign has signed a hash (BLAKE2b) of the message, as it does by default, "
            "and not the message",
            "Sign the message itself: minisign -S -l",
        )
    lines = len(content.splitlines())
    if algorithm != _PLAIN or lines not in (2, _MINISIGN_LINES):
        raise bad_signature(f"{where}: no signature of signify or minisign that stands alone")
    return signature
