"""Packing: directories, wheels and requirements into one reproducible archive."""

from __future__ import annotations

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.extra_data import ExtraData
from signedvfs.packaging.members import LeftOut
from signedvfs.packaging.native import NativeObject, NativeReport, Problem
from signedvfs.packaging.packer import PackReport, pack
from signedvfs.packaging.stripping import Unstripped
from signedvfs.packaging.writing import Uncompiled

__all__ = [
    "ExtraData",
    "LeftOut",
    "NativeObject",
    "NativeReport",
    "PackError",
    "PackReport",
    "Problem",
    "Uncompiled",
    "Unstripped",
    "pack",
]
