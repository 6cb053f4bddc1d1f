"""An environment that holds signedvfs, and nothing else."""

from __future__ import annotations

import shutil
import venv
from importlib import metadata
from pathlib import Path


def make_bare(directory: Path) -> Path:
    """Make one in an empty directory, and return its interpreter."""
    venv.create(directory, symlinks=True, with_pip=False)
    (site_packages,) = directory.glob("lib/python3.*/site-packages")
    for file in metadata.files("signedvfs") or []:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = site_packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)
    return directory / "bin" / "python"
