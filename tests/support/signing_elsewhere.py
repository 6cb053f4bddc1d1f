"""Private keys that only the program openssl uses: what signs outside of the process."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import signedvfs


class Elsewhere(NamedTuple):
    """Elsewhere is a command that signs what it reads, and the key that it signs with."""

    command: list[str]
    private: Path
    public: Path
    key: signedvfs.PublicKey


def openssl_key(directory: Path, curve: str = "P-256", name: str = "elsewhere") -> Elsewhere:
    """openssl_key makes an ECDSA key, and the command that signs with it."""
    private, public = directory / f"{name}.pem", directory / f"{name}.pub"
    made = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}"]
    subprocess.run([*made, "-out", private], check=True, capture_output=True)
    subprocess.run(
        ["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True
    )  # fmt: skip
    digest = {"P-256": "-sha256", "P-384": "-sha384"}[curve]
    command = ["openssl", "dgst", digest, "-sign", str(private)]
    return Elsewhere(command, private, public, signedvfs.PublicKey.load(public))
