"""The members of an archive that is being put together, and where each came from."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import Callable, NamedTuple

from signedvfs.packaging.errors import PackError

_MANIFEST = "signedimp-manifest.txt"
_INDEX = "signedvfs-index.bin"


class LeftOut(NamedTuple):
    """LeftOut is a file that was not packed, and why."""

    path: str
    reason: str


def unwanted(name: str) -> str:
    """unwanted returns why no archive should have a member `name`, or nothing."""
    if name == _MANIFEST:
        return "an earlier manifest"
    if name == _INDEX:
        return "an earlier index"
    if "__pycache__" in name.split("/"):
        return "compiled anew"
    if name.endswith(".pyo"):
        return "a format that Python no longer reads"
    return ""


@dataclass(frozen=True)
class Item:
    """Item is one file to pack: its name in the archive, where it is from, how to read it."""

    name: str
    origin: str
    read: Callable[[], bytes]


@dataclass
class Members:
    """Members collects files from several sources into one namespace."""

    items: dict[str, Item] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """add takes `item`, or raises PackError where its name is taken by different bytes."""
        try:
            item.name.encode()
        except UnicodeEncodeError:
            raise PackError(f"{item.origin!a} has a name that is not UTF-8", "Rename it.") from None
        other = self.items.setdefault(item.name, item)
        if other is not item and other.read() != item.read():
            raise PackError(
                f"{other.origin} and {item.origin} differ, and both would be {item.name}",
                "Leave one of the two sources out, or rename one of the files.",
            )

    def leave_out(self, path: str, reason: str) -> None:
        """leave_out records that the file or directory `path` is not packed."""
        self.left_out.append(LeftOut(path, reason))

    def settle(self) -> list[Item]:
        """settle drops compiled files that would not be used and returns the rest by name."""
        for name in [name for name in self.items if name.endswith(".pyc")]:
            item = self.items[name]
            if name[:-1] in self.items:
                reason = "compiled anew"
            elif item.read()[:4] != importlib.util.MAGIC_NUMBER:
                reason = "compiled by another Python, and without its source"
            else:
                continue
            del self.items[name]
            self.leave_out(item.origin, reason)
        self.left_out.sort()
        return [self.items[name] for name in sorted(self.items, key=str.encode)]

    def has_module(self, module: str) -> bool:
        """has_module tells whether the dotted name `module` is a module or package in here."""
        path = module.replace(".", "/")
        files = (f"{path}.py", f"{path}.pyc", f"{path}/__init__.py", f"{path}/__init__.pyc")
        return any(file in self.items for file in files)
