"""The shared libraries that an executable carries: all that is needed but the C library."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from signedvfs import _tools
from signedvfs.building.elf import loaded_part
from signedvfs.building.errors import BuildError
from signedvfs.building.layout import LIBRARIES
from signedvfs.building.linker import Found, Linker, is_of_glibc
from signedvfs.building.runtime import python_name
from signedvfs.packaging.members import Item

# glibc loads it by its name when a thread is cancelled or ends itself (pthread_exit(3)).
_UNWINDER = "libgcc_s.so.1"


@dataclass
class Libraries:
    """Libraries collects them by the names that they are needed by."""

    linker: Linker = field(default_factory=Linker)
    found: dict[str, Found] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)  # a name, and what needs it

    def add_python(self, library: Found) -> list[str]:
        """add_python adds the interpreter's own, `library`, or what stands for it, and returns the
        names of those that have to be loaded before Python imports anything, in order; its own is
        the last."""
        unwinder = self.linker.find(_UNWINDER)
        if unwinder is None:
            raise BuildError(
                f"there is no {_UNWINDER} here, which threads need to end",
                "Install it (Debian and Ubuntu: apt-get install libgcc-s1).",
            )
        name = library.facts["soname"] or python_name()
        self._add(_UNWINDER, unwinder)
        self._add(name, library)
        order: list[str] = []
        seen: set[str] = set()
        for one in (_UNWINDER, name):
            self._put_in_order(one, order, seen)
        if self.missing:
            missing = ", ".join(sorted(self.missing))
            raise BuildError(f"{library.path} needs {missing}, and it is not here", "Install it.")
        return order

    def add_needed(self, found: Found, names: Iterable[str] | None = None) -> list[str]:
        """add_needed adds what an object needs, of `names` if they are given; it returns the names
        that are nowhere on this machine. What is missing further down counts."""
        missing = []
        for name in found.facts["needed"] if names is None else names:
            if is_of_glibc(name):
                continue
            if name not in self.found and name not in self.missing:
                library = self.linker.needed_by(found, name)
                if library is None:
                    self.missing[name] = str(found.path)
                else:
                    self._add(name, library)
            missing += self._missing_below(name, set())
        return missing

    def items(self) -> list[Item]:
        """items returns the libraries by the names that they get in an archive."""
        return [
            Item(
                f"{LIBRARIES}/{name}", str(found.path), partial(closed, found.content, found.facts)
            )
            for name, found in sorted(self.found.items())
        ]

    def _add(self, name: str, found: Found) -> None:
        self.found[name] = found
        self.add_needed(found)

    def _missing_below(self, name: str, seen: set[str]) -> list[str]:
        if name in self.missing:
            return [name]
        if name in seen or name not in self.found:
            return []
        seen.add(name)
        below = [self._missing_below(one, seen) for one in self.found[name].facts["needed"]]
        return [one for names in below for one in names]

    def _put_in_order(self, name: str, order: list[str], seen: set[str]) -> None:
        if name in seen or name not in self.found:
            return
        # What needs each other in a circle comes in some order: the linker gets all of it.
        seen.add(name)
        for needed in self.found[name].facts["needed"]:
            self._put_in_order(needed, order, seen)
        order.append(name)


def closed(content: bytes, facts: dict[str, Any]) -> bytes:
    """closed returns an object of this machine's directories as it is carried along.

    Without its search path: what it needs is there, and the path would lead to what nobody has
    signed. And without what no loader reads, symbols for debuggers above all: each start has to
    copy and to verify what is left.
    """
    kept = _tools._without_search_path(content) if facts["search_paths"] else content
    return loaded_part(kept, facts["loaded_size"])
