"""The part of this package that a built application runs with; its core is in the launcher."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import signedvfs
from signedvfs.building.errors import BuildError
from signedvfs.building.executable import python_in
from signedvfs.building.layout import PACKAGE
from signedvfs.packaging.members import Item

# What makes archives, and what shells run. An application only reads.
_TOOLS = ("building", "cli", "compat", "custody", "packaging", "pure")
# With this very interpreter in it, and for every one of its release.
_STATIC_LAUNCHER = "_static_launcher"
_LAUNCHER = "_launcher"


def own_items() -> list[Item]:
    """own_items returns the modules, by the names that they get in an archive. Raises BuildError
    where this package is in no directory."""
    return [
        Item(f"{PACKAGE}/{path.relative_to(_home())}", str(path), partial(path.read_bytes))
        for path in sorted(_home().rglob("*.py"))
        if path.relative_to(_home()).parts[0] not in _TOOLS
    ]


def launcher_path() -> Path:
    """launcher_path returns the launcher that was built with this package: the one that has the
    running interpreter in it, where there is one, else the one that loads its library. Raises
    BuildError."""
    static = _home() / _STATIC_LAUNCHER
    if static.is_file() and python_in(static.read_bytes()) == sys.version:
        return static
    path = _home() / _LAUNCHER
    if not path.is_file():
        raise BuildError(
            "this installation of signedvfs has no launcher for executables",
            "Install it with one, or name a launcher: --launcher FILE.",
        )
    return path


def _home() -> Path:
    found = Path(signedvfs.__file__).parent
    if not found.is_dir():
        raise BuildError(
            f"signedvfs is imported from {found}, which is no directory",
            "Build with an interpreter that it is installed for.",
        )
    return found
