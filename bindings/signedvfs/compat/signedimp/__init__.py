"""signedimp 0.3's names, over signedvfs. What was safe is here; what was not is refused, and why.

    from signedvfs.compat import signedimp

The page "Coming from signedimp" of the documentation has each name and what became of it.
"""

from __future__ import annotations

from signedvfs import (
    IntegrityCheckError,
    IntegrityCheckFailed,
    IntegrityCheckMissing,
)
from signedvfs.compat.signedimp import tools
from signedvfs.compat.signedimp.loaders import DefaultImporter, SignedLoader, get_datafilepath
from signedvfs.compat.signedimp.manager import SignedImportManager
from signedvfs.compat.signedimp.names import HASHFILE_NAME
from signedvfs.compat.signedimp.rsa import RSAKey

__all__ = [
    "HASHFILE_NAME",
    "DefaultImporter",
    "IntegrityCheckError",
    "IntegrityCheckFailed",
    "IntegrityCheckMissing",
    "RSAKey",
    "SignedImportManager",
    "SignedLoader",
    "get_datafilepath",
    "tools",
]
