"""Packing: directories, wheels and requirements into one reproducible archive."""

from __future__ import annotations

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import LeftOut
from signedvfs.packaging.packer import PackReport, Uncompiled, pack

__all__ = ["LeftOut", "PackError", "PackReport", "Uncompiled", "pack"]
