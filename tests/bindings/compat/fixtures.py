"""What signedimp 0.3.2 made, and its key as the repr that it wrote."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from signedvfs.compat.signedimp import RSAKey

FIXTURES = Path(__file__).parents[2] / "vfs" / "signedimp_fixtures"
PASSWORD = "The old password"


def key_of_fixture(name: str = "key") -> RSAKey:
    """Return a public key, by what signedimp wrote of it."""
    text = (FIXTURES / f"{name}.repr").read_text()
    found = eval(re.sub(r"(\d)L\b", r"\1", text), {"RSAKey": RSAKey})  # Python 2 wrote 5L
    assert isinstance(found, RSAKey)
    return found


def private_key_of_fixture() -> RSAKey:
    """Return the private key that signed them."""
    return RSAKey.load_from_file(FIXTURES / "key.encrypted", PASSWORD)


def unpack_directories(where: Path) -> None:
    """Unpack the directories that signedimp signed."""
    with zipfile.ZipFile(FIXTURES / "directories.zip") as archive:
        archive.extractall(where)
