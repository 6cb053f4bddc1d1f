"""Building: an application, and all that it needs, in one executable that verifies itself."""

from __future__ import annotations

from signedvfs.building.builder import build
from signedvfs.building.contents import Package
from signedvfs.building.errors import BuildError
from signedvfs.building.report import BuildReport

__all__ = ["BuildError", "BuildReport", "Package", "build"]
