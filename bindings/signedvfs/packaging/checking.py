"""Whether the function that an archive is to run is there, without running anything of it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Members
from signedvfs.packaging.scopes import Binding, bound_in

# There from 3.10 on. Before that what is not packed is not known to be Python's own.
_STANDARD_LIBRARY: frozenset[str] = getattr(
    sys, "stdlib_module_names", frozenset(sys.builtin_module_names)
)


class _Answer(IntEnum):
    # Of several places that may bind a name the best one counts: only one of them need run.
    MISSING = 0
    UNKNOWN = 1
    FOUND = 2


class _Found(NamedTuple):
    answer: _Answer
    why: str = ""


def _best(found: Sequence[_Found]) -> _Found:
    return max(found, key=lambda one: one.answer)


_THERE = _Found(_Answer.FOUND)


def check_function(members: Members, module: str, function: str) -> str:
    """check_function looks for the dotted name `function` in the packed `module`.

    It reads sources, and follows `import` from one packed module to the next. Returns "" where it
    is there, or why that cannot be told before it runs; raises PackError where it is not there.
    """
    found = _Search(members).attribute(module, function.split("."))
    if found.answer == _Answer.MISSING:
        raise PackError(
            f"there is no function {function!r} in {module!r}: {found.why}",
            "Name a function that the module defines or imports: -m MODULE:FUNCTION.",
        )
    return found.why


def check_runs(members: Members, module: str) -> None:
    """check_runs raises PackError where `python -m module` could not run: a package runs by its
    `__main__` (runpy)."""
    if members.package_file(module) and not members.has_module(module + ".__main__"):
        raise PackError(
            f"{module!r} is a package without a __main__, and does not run by itself",
            f"Add {module.replace('.', '/')}/__main__.py, or name a function: "
            f"-m {module}:FUNCTION.",
        )


class _Search:
    def __init__(self, members: Members) -> None:
        self._members = members
        self._known: dict[tuple[str, tuple[str, ...]], _Found] = {}

    def attribute(self, module: str, names: Sequence[str]) -> _Found:
        """attribute looks for what `from module import name` gives, and for names in that."""
        question = (module, tuple(names))
        if question not in self._known:
            circle = f"{module} imports it from itself in a circle"
            self._known[question] = _Found(_Answer.UNKNOWN, circle)
            self._known[question] = self._look(module, names)
        return self._known[question]

    def _look(self, module: str, names: Sequence[str]) -> _Found:
        if not names:
            return _Found(_Answer.MISSING, f"{module} is a module, which cannot be called")
        file = self._members.module_file(module)
        if file is None:
            return self._not_packed(module, names)
        if not file.endswith(".py"):
            return _Found(_Answer.UNKNOWN, f"{file} has no source to look into")
        try:
            tree = ast.parse(self._members.items[file].read(), file)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return _Found(_Answer.UNKNOWN, f"{file} does not compile ({error})")
        found = self._in_scope(tree, names, module, file)
        submodule = f"{module}.{names[0]}"
        if found.answer != _Answer.FOUND and self._is_module(submodule):
            return _best([self.attribute(submodule, names[1:]), found])
        return found

    def _not_packed(self, module: str, names: Sequence[str]) -> _Found:
        top = module.partition(".")[0]
        if top in _STANDARD_LIBRARY and not self._is_module(top):
            return _THERE
        if self._members.has_extension(module):
            return _Found(_Answer.UNKNOWN, f"{module} is an extension module")
        if self._is_module(module):  # a namespace package has nothing but modules
            return self.attribute(f"{module}.{names[0]}", names[1:])
        if self._is_module(top):
            return _Found(_Answer.MISSING, f"there is no module {module}")
        return _Found(_Answer.UNKNOWN, f"{module} is not packed")

    def _is_module(self, module: str) -> bool:
        members = self._members
        return (
            members.has_module(module)
            or members.has_extension(module)
            or members.has_directory(module)
        )

    def _in_scope(
        self, scope: ast.Module | ast.ClassDef, names: Sequence[str], module: str, where: str
    ) -> _Found:
        bound = bound_in(scope)
        places = bound.names.get(names[0], [])
        found = [self._in_binding(place, names[1:], module, where) for place in places]
        if found and _best(found).answer != _Answer.MISSING:
            return _best(found)
        if bound.unseen:
            return _Found(_Answer.UNKNOWN, f"{where} has {bound.unseen}, which may bind it")
        return _best(found) if found else _Found(_Answer.MISSING, f"{where} has no {names[0]!r}")

    def _in_binding(
        self, binding: Binding, names: Sequence[str], module: str, where: str
    ) -> _Found:
        node = binding.node
        if binding.module:
            origin = _absolute(binding.module, module, self._members)
            submodule = f"{origin}.{binding.name}"
            if origin == module and self._is_module(submodule):  # `from . import name`
                return self.attribute(submodule, names)
            if binding.name:
                return self.attribute(origin, [binding.name, *names])
            return self.attribute(origin, names)
        if isinstance(node, ast.ClassDef) and names:
            if node.bases or node.keywords or node.decorator_list:
                return _Found(_Answer.UNKNOWN, f"{where} has {node.name} take names from others")
            return self._in_scope(node, names, module, f"class {node.name} in {where}")
        if isinstance(node, ast.AsyncFunctionDef) and not names and not node.decorator_list:
            return _Found(_Answer.MISSING, f"{node.name} in {where} is `async`: nobody awaits it")
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant):
            return _Found(_Answer.MISSING, f"what {where} gives that name cannot be called")
        if names and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign)):
            return _Found(_Answer.UNKNOWN, f"{names[0]!r} is an attribute of an object in {where}")
        return _THERE


def _absolute(name: str, module: str, members: Members) -> str:
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    package = module if members.package_file(module) else module.rpartition(".")[0]
    for _ in range(level - 1):
        package = package.rpartition(".")[0]
    return ".".join(filter(None, (package, name[level:])))
