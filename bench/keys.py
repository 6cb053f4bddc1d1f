"""The key that the measured archives are signed with."""

from __future__ import annotations

import base64

import signedvfs


def public_text(key: signedvfs.PrivateKey) -> str:
    """Returns the public key as the PublicKey constructor takes it."""
    lines = [line for line in key.public_key.pem.splitlines() if not line.startswith("-----")]
    return base64.b64encode(base64.b64decode("".join(lines))).decode()
