"""Which modules of a collection are the standard library's: those are not taken.

The launcher carries the standard library of the interpreter that builds. A collection has a part of
it from the interpreter that made it, which may be another release of the same version: modules and
what they are made for in C have to fit each other.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

from signedvfs.building.frozen.names import module_of
from signedvfs.building.layout import NATIVE, library_directory, library_member
from signedvfs.building.stdlib import library_items
from signedvfs.packaging.members import Item

REASON = "the standard library is taken from the interpreter that builds"
# What of a module's classes and functions has to be in the code that a collection has for it.
_ENOUGH = 0.5


class Standard:
    """Standard knows the modules of the running interpreter's standard library."""

    def __init__(self, items: Iterable[Item] | None = None) -> None:
        prefix = library_member(library_directory()[0]) + "/"
        self._files: set[str] = set()
        self._items: dict[str, Item] = {}
        for item in library_items() if items is None else items:
            path = item.name[len(prefix) :]
            self._files.add(path)
            if path.startswith(NATIVE + "/"):
                path = path[len(NATIVE) + 1 :]
            name = module_of(path)
            if name:
                self._items[name] = item
        self._tops = {name.partition(".")[0] for name in self._items}
        self._tops.update(sys.builtin_module_names)

    def names(self, module: str) -> bool:
        """names tells whether the dotted name `module` is in the standard library, or below one of
        its packages."""
        return module.partition(".")[0] in self._tops

    def names_native(self, module: str) -> bool:
        """names_native tells the same of an extension module: other builds have other ones."""
        known = getattr(sys, "stdlib_module_names", ())  # since 3.10
        return self.names(module) or module in known

    def has_file(self, path: str) -> bool:
        """has_file tells whether the library has that file, by its path in there."""
        return path in self._files

    def has_made(self, module: str, code: bytes) -> bool:
        """has_made tells whether the marshalled code of a module is the library's, of whatever
        release, and not an application's own module that has the same name."""
        item = self._items.get(module)
        if item is None or not item.name.endswith(".py"):
            return module in sys.builtin_module_names or item is not None
        try:
            tree = ast.parse(item.read())
        except (SyntaxError, ValueError):
            return True
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        defined = [one.name for one in tree.body if isinstance(one, kinds)]
        found = sum(name.encode() in code for name in defined)
        return found >= _ENOUGH * len(defined)
