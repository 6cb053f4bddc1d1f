"""The members of an archive that is being put together, and where each came from."""

from __future__ import annotations

import importlib.util
import unicodedata
from dataclasses import dataclass, field
from typing import Callable, NamedTuple, NoReturn

from signedvfs.packaging.errors import PackError

_MANIFEST = "signedimp-manifest.txt"
_INDEX = "signedvfs-index.bin"
_NOTES = "signedvfs-native.txt"


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
    if name == _NOTES:
        return "earlier notes of libraries"
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
    data: bool = False  # it stays as it is, also where it is named like a module
    changed: bool = False  # what is read is not what `origin` holds


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

    def settle(self, magic: bytes | None = importlib.util.MAGIC_NUMBER) -> list[Item]:
        """settle drops what Python would not use and returns the rest by name.

        `magic` is what bytecode begins with; None: nobody here knows.
        """
        for name in [name for name in self.items if name.endswith(".pyc")]:
            item = self.items[name]
            source = self.items.get(name[:-1])
            if source is not None and not source.data:
                reason = "compiled anew"
            elif not item.data and magic is not None and item.read()[:4] != magic:
                reason = "compiled by another Python, and without its source"
            else:
                continue
            del self.items[name]
            self.leave_out(item.origin, reason)
        for name in [name for name in self.items if name.endswith((".py", ".pyc"))]:
            package = name.rpartition(".")[0] + "/__init__.py"
            # The import system looks for a package first, in directories (FileFinder) and in
            # archives (zipimport) alike. Of two answers only one can be signed.
            found = self.items.get(package) or self.items.get(package + "c")
            if found is None:
                continue
            item = self.items.pop(name)
            # One source may have a module and a package of one name; that the package of another
            # replaces a module is nobody's wish.
            if source_of(item) != source_of(found):
                raise PackError(
                    f"{item.origin} and {found.origin} would be the same module, "
                    "and the second would take the first one's place",
                    "Rename one of them, or leave its source out; what is required, by "
                    "--exclude DIST.",
                )
            self.leave_out(item.origin, "the package of the same name is what Python imports")
        self.left_out.sort()
        self._refuse_conflicts()
        return [self.items[name] for name in sorted(self.items, key=str.encode)]

    def _refuse_conflicts(self) -> None:
        # No archive has two names that some system takes for one, or a file and a directory of
        # one name (`archive/members`). Later, it would be refused without a word of the sources.
        known: dict[str, Item] = {}

        def refuse(one: Item, two: Item, what: str) -> NoReturn:
            raise PackError(
                f"{one.origin} and {two.origin} {what}",
                "Rename one of them, or leave its source out; what is required, by --exclude DIST.",
            )

        for item in self.items.values():
            folded = unicodedata.normalize("NFKC", item.name).casefold()
            other = known.setdefault(folded, item)
            if other is not item:
                refuse(other, item, "have the same name, perhaps in disguise")
        for folded, item in known.items():
            directory = folded.rpartition("/")[0]
            while directory:
                if directory in known:
                    refuse(known[directory], item, "are a file and a directory of one name")
                directory = directory.rpartition("/")[0]

    def has_module(self, module: str) -> bool:
        """has_module tells whether the dotted name `module` is a module or package in here."""
        return self.module_file(module) is not None

    def module_file(self, module: str) -> str | None:
        """module_file returns the member that `module` is made of, its source where that is there;
        None where no source and no compiled file in here has that name."""
        path = module.replace(".", "/")
        files = (f"{path}.py", f"{path}.pyc")
        return self.package_file(module) or next((one for one in files if one in self.items), None)

    def package_file(self, module: str) -> str | None:
        """package_file returns the `__init__` of `module`; None where it is no regular package."""
        path = module.replace(".", "/")
        files = (f"{path}/__init__.py", f"{path}/__init__.pyc")
        return next((one for one in files if one in self.items), None)

    def has_extension(self, module: str) -> bool:
        """has_extension tells whether a compiled extension in here has the name `module`."""
        path = module.replace(".", "/")
        return any(
            name.startswith((path + ".", path + "/__init__.")) and is_extension(name)
            for name in self.items
        )

    def has_directory(self, module: str) -> bool:
        """has_directory tells whether there are members below a directory named like `module`."""
        path = module.replace(".", "/") + "/"
        return any(name.startswith(path) for name in self.items)


def source_of(item: Item) -> str:
    """source_of returns the directory or wheel that the file is from."""
    return item.origin[: -len(item.name)] if item.origin.endswith(item.name) else item.origin


def is_extension(name: str) -> bool:
    """is_extension tells whether a member is an extension module.

    Wheels keep the libraries that their extension modules link below NAME.libs.
    """
    return name.endswith((".so", ".pyd")) and ".libs/" not in name
