"""Directories as sources."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item, Members, unwanted

_TOOLS_OWN = {
    "__pycache__": "compiled anew",
    ".git": "version control",
    ".hg": "version control",
    ".svn": "version control",
    ".mypy_cache": "a tool's cache",
    ".pytest_cache": "a tool's cache",
    ".ruff_cache": "a tool's cache",
    ".tox": "a tool's cache",
    ".nox": "a tool's cache",
}

# A device and an inode on it.
Identity = tuple[int, int]


def add_directory(members: Members, path: Path, exclude: Collection[Identity]) -> None:
    """add_directory adds the content of the directory `path` to the archive's root.

    A directory that is a package itself goes in under its own name. Symbolic links are followed;
    the files in `exclude` are left out.
    """
    prefix = ""
    if (path / "__init__.py").exists():
        prefix = path.resolve().name + "/"
    _walk(members, path, prefix, exclude, [identity(path.stat())])


def identity(found: os.stat_result) -> Identity:
    """identity returns what tells whether two paths lead to one file."""
    return found.st_dev, found.st_ino


def _walk(
    members: Members, path: Path, prefix: str, exclude: Collection[Identity], above: list[Identity]
) -> None:
    with os.scandir(path) as entries:
        found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    for entry in found:
        origin = path / entry.name
        name = prefix + entry.name
        try:
            info = entry.stat()
        except FileNotFoundError:
            raise PackError(f"{origin} is a link to nothing", "Repair or remove it.") from None
        this = identity(info)
        if stat.S_ISDIR(info.st_mode):
            if entry.name in _TOOLS_OWN:
                members.leave_out(str(origin), _TOOLS_OWN[entry.name])
            elif (origin / "pyvenv.cfg").exists():
                members.leave_out(str(origin), "a virtual environment")
            elif this in above:
                raise PackError(f"{origin} is a link to a directory around it", "Remove it.")
            else:
                _walk(members, origin, name + "/", exclude, [*above, this])
        elif this in exclude:
            members.leave_out(str(origin), "a key, or the archive itself")
        elif not stat.S_ISREG(info.st_mode):
            members.leave_out(str(origin), "not a regular file")
        elif unwanted(name):
            members.leave_out(str(origin), unwanted(name))
        else:
            members.add(Item(name, str(origin), origin.read_bytes))
