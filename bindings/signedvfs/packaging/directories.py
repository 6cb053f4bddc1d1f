"""Directories as sources: what is below them, and nothing else."""

from __future__ import annotations

import stat
from collections.abc import Collection, Sequence
from functools import partial
from os import stat_result
from pathlib import Path

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item, Members, unwanted
from signedvfs.packaging.patterns import Pattern
from signedvfs.packaging.tree import Parts, Tree

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


def add_directory(
    members: Members,
    path: Path,
    exclude: Collection[Identity],
    *,
    follow_links: bool = False,
    only: Pattern | None = None,
) -> None:
    """add_directory adds the content of the directory `path` to the archive's root.

    A directory that is a package itself goes in under its own name. A symbolic link below it is a
    PackError, or with `follow_links` stands for what it leads to, which has to be below `path`,
    too. The files in `exclude` are left out. With `only` the files that fit it are added, and a
    package's go to the root as others do.
    """
    walk = _Walk(members, Tree(path), exclude, follow_links, only)
    names = [name for name, _ in walk.tree.list(())]
    prefix = path.resolve().name + "/" if "__init__.py" in names and only is None else ""
    walk.down((), path, prefix, [identity(walk.tree.look(()))])


def identity(found: stat_result) -> Identity:
    """identity returns what tells whether two paths lead to one file."""
    return found.st_dev, found.st_ino


class _Walk:
    def __init__(
        self,
        members: Members,
        tree: Tree,
        exclude: Collection[Identity],
        follow_links: bool,
        only: Pattern | None,
    ) -> None:
        self.tree = tree
        self._members = members
        self._exclude = exclude
        self._follow_links = follow_links
        self._only = only

    def down(self, parts: Parts, shown: Path, prefix: str, above: Sequence[Identity]) -> None:
        """down takes what is in one directory; `shown` and `prefix` are how people came there."""
        found = self.tree.list(parts)
        if parts and "pyvenv.cfg" in [name for name, _ in found]:
            self._members.leave_out(str(shown), "a virtual environment")
            return
        for name, info in found:
            origin = shown / name
            if not self._is_meant(origin, prefix + name):
                continue
            there: Parts = (*parts, name)
            if stat.S_ISLNK(info.st_mode):
                if name in _TOOLS_OWN:
                    self._members.leave_out(str(origin), _TOOLS_OWN[name])
                    continue
                there = self._follow(there, origin)
                info = self.tree.look(there)
            if stat.S_ISDIR(info.st_mode):
                self._take_directory(there, info, origin, prefix + name + "/", above)
            else:
                self._take_file(there, info, origin, prefix + name)

    def _is_meant(self, origin: Path, name: str) -> bool:
        # What is at `origin` when it is read is looked at again.
        if self._only is None:
            return True
        return self._only.leads_on(name) if origin.is_dir() else self._only.fits(name)

    def _follow(self, parts: Parts, origin: Path) -> Parts:
        if not self._follow_links:
            raise PackError(
                f"{origin} is a symbolic link, so what would be signed is not what stands there",
                "Put what it leads to in its place, or pack what links inside of "
                f"{self.tree.path} lead to: --follow-links (in Python: follow_links=True).",
            )
        return self.tree.resolve(parts, origin)

    def _take_directory(
        self, parts: Parts, info: stat_result, origin: Path, prefix: str, above: Sequence[Identity]
    ) -> None:
        reason = _reason_of((origin.name, *parts))
        if reason:
            self._members.leave_out(str(origin), reason)
        elif identity(info) in above:
            raise PackError(f"{origin} is a link to a directory around it", "Remove it.")
        else:
            self.down(parts, origin, prefix, [*above, identity(info)])

    def _take_file(self, parts: Parts, info: stat_result, origin: Path, name: str) -> None:
        reason = _reason_of(parts[:-1])
        if identity(info) in self._exclude:
            self._members.leave_out(str(origin), "a key, or the archive itself")
        elif reason:
            self._members.leave_out(str(origin), reason)
        elif not stat.S_ISREG(info.st_mode):
            self._members.leave_out(str(origin), "not a regular file")
        elif unwanted(name):
            self._members.leave_out(str(origin), unwanted(name))
        else:
            self._members.add(Item(name, str(origin), partial(self.tree.read, parts)))


def _reason_of(directories: Parts) -> str:
    # A link may lead into a directory that is left out under its own name.
    return next((_TOOLS_OWN[name] for name in directories if name in _TOOLS_OWN), "")
