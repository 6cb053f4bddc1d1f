"""Digests of whole files, as reports have them."""

from __future__ import annotations

from pathlib import Path

from signedvfs.digests import hashlib


def sha256_of(path: Path) -> str:
    """sha256_of returns the digest of a file's content, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
