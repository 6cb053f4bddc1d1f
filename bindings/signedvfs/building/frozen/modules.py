"""The modules of a collection, and which of them are packed."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from typing import Callable

from signedvfs.building.frozen.names import module_path, put
from signedvfs.building.frozen.standard import REASON, Standard
from signedvfs.building.layout import PACKAGE
from signedvfs.packaging.members import Item, Members

_OWN = "the launcher's own is there"


class Modules:
    """Modules collects the compiled modules of the collection `origin`, by their dotted names."""

    def __init__(self, origin: str, standard: Standard) -> None:
        self._origin = origin
        self._standard = standard
        self._found: dict[str, tuple[bool, Callable[[], bytes]]] = {}

    def add(self, name: str, read: Callable[[], bytes], *, is_package: bool) -> None:
        """add adds a module whose .pyc file `read` reads; the first of a name is the one."""
        module_path(name, self._origin, is_package=is_package)
        self._found.setdefault(name, (is_package, read))

    def has(self, name: str) -> bool:
        """has tells whether there is a module of that name."""
        return name in self._found

    def names(self) -> list[str]:
        """names returns the names of all."""
        return list(self._found)

    def put(self, members: Members, place: str) -> list[str]:
        """put adds them to `members` below the directory `place`, "" or one that ends with "/", but
        for the standard library's and for this package's. It returns warnings."""
        own = {name.partition(".")[0] for name in self._found if self._standard.names(name)}
        own = {name for name in own if self._is_of_application(name)}
        standard = 0
        for name, (is_package, read) in sorted(self._found.items()):
            top = name.partition(".")[0]
            path = place + module_path(name, self._origin, is_package=is_package)
            if top == PACKAGE:
                members.leave_out(f"{self._origin}/{path}", _OWN)
            elif self._standard.names(name) and top not in own:
                standard += 1
            else:
                put(members, Item(path, f"{self._origin}/{path}", read))
        if standard:
            members.leave_out(f"{self._origin}: {standard} modules", REASON)
        return [
            f"the collection has its own module {name}, and not the standard library's"
            for name in sorted(own)
        ]

    def _is_of_application(self, top: str) -> bool:
        found = self._found.get(top)
        return found is not None and not self._standard.has_made(top, found[1]())


def extension_name(base: str) -> str | None:
    """extension_name returns the name that the file `base` of an extension module has, which has
    dots in it where the package is in the name; None where it is none of this Python's."""
    for suffix in EXTENSION_SUFFIXES:
        if base.endswith(suffix) and len(base) > len(suffix):
            return base[: -len(suffix)]
    return None
