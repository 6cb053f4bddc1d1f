"""What building raises when its inputs do not make an executable."""

from __future__ import annotations

from signedvfs.packaging.errors import PackError


class BuildError(PackError):
    """BuildError says which input was wrong, or what this machine lacks."""
