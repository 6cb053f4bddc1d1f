"""Public keys, from the files that options name."""

from __future__ import annotations

import os

import signedvfs
from signedvfs.cli import files
from signedvfs.cli.failures import CliError

_MOST_BYTES = 1 << 16  # as much as PublicKey.load reads


def load_public_key(path: str) -> signedvfs.PublicKey:
    """load_public_key reads a public key file, and says so where it is a private one.

    It may also be one of OpenSSH, signify or minisign.
    """
    content = beginning(path)
    if holds_private(content):
        raise private_key_error(path)
    if b"-----BEGIN" in content:
        return signedvfs.PublicKey.load(path)

    from signedvfs.custody.key_formats import load_public_key as load_any

    return load_any(path)


def private_key_error(path: str) -> CliError:
    """private_key_error is for a private key where a public one is asked for."""
    return CliError(
        f"{path} is a private key; trust is for public keys",
        f"Give its public half: {public_path(path)}",
        "BadKey",
    )


def is_private(path: str) -> bool:
    """is_private tells whether a key file holds a private key."""
    return holds_private(beginning(path))


def holds_private(content: bytes) -> bool:
    """holds_private tells the same of a key file's content."""
    return b"PRIVATE KEY-----" in content


def beginning(path: str) -> bytes:
    """beginning returns as much of a key file as a key may have."""
    return files.beginning(path, _MOST_BYTES)


def public_path(path: str) -> str:
    """public_path returns where the public half of the key file `path` is kept."""
    return (path[: -len(".key")] if path.endswith(".key") else path) + ".pub"


def fingerprint_of(text: str, option: str = "--revoked") -> str:
    """fingerprint_of reads a fingerprint, or the key file of that name, given with an option."""
    if len(text) == 64 and not set(text) - set("0123456789abcdef"):
        return text
    if os.path.exists(text):
        return load_public_key(text).fingerprint
    raise CliError(
        f"{option} {text}: neither a fingerprint nor a file",
        "A fingerprint is 64 hexadecimal digits; see: signedvfs key FILE.pub",
    )
