"""Building: an application, and all that it needs, in one executable that verifies itself."""

from __future__ import annotations

from signedvfs.building.builder import build
from signedvfs.building.contents import Package
from signedvfs.building.errors import BuildError
from signedvfs.building.inspection import Inspection, inspect
from signedvfs.building.replacing import ReplaceReport, replace
from signedvfs.building.report import BuildReport
from signedvfs.building.splitting import SplitReport, split

__all__ = [
    "BuildError",
    "BuildReport",
    "Inspection",
    "Package",
    "ReplaceReport",
    "SplitReport",
    "build",
    "inspect",
    "replace",
    "split",
]
