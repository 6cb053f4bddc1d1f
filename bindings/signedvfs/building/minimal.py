"""The part of the standard library that an application reaches by imports."""

from __future__ import annotations

import importlib.util
import marshal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from types import CodeType
from typing import Callable, NamedTuple

from signedvfs.building.errors import BuildError
from signedvfs.building.imports import (
    Import,
    compiled,
    imports_by_text,
    imports_of,
    texts_in,
    texts_of,
)
from signedvfs.building.layout import NATIVE
from signedvfs.packaging.members import Item

# Codecs are found by the names of encodings, which programs are given.
_ALWAYS = ("encodings",)
# What CPython's core imports from C, beside what it starts with: for tracebacks, warnings, generic
# classes, pickling, time.strptime, threads, and running a module.
_FROM_C = (
    *("_colorize", "_py_warnings", "_strptime", "annotationlib", "collections", "collections.abc"),
    *("copyreg", "functools", "importlib", "importlib.machinery", "importlib.util", "io"),
    *("linecache", "os", "runpy", "string.templatelib", "threading", "tokenize", "traceback"),
    *("types", "typing", "warnings", "weakref"),
)
# What is for people at a prompt: help() alone would bring a web server along.
_NOT_FOLLOWED = {("_sitebuiltins", "pydoc")}
# What a module imports by a name that it puts together.
_PUT_TOGETHER = {"sysconfig": ("_sysconfigdata_", "_sysconfig_vars_")}
_PYC_HEADER = 16  # bytes


class Reached(NamedTuple):
    """Reached is what is packed of the library, and the modules that are not."""

    items: list[Item]
    unreached: list[str]


def reached(
    library: Sequence[Item], member: str, application: Iterable[Item], own: Iterable[Item]
) -> Reached:
    """reached follows imports through `library`, the standard library's items below `member`.

    It begins with the items of the application and of this package, `own`, and with what the
    interpreter itself imports. Text constants of the application that are names of modules count as
    imports, and so do those with a dot in them of a library's module that imports by texts. What a
    program imports by a name that it puts together is not found. Raises BuildError where the
    interpreter does not run.
    """
    walk = _Walk(library, member)
    for item in application:
        walk.scan(item, _module_of(item.name), _texts_of_application)
    for item in own:
        walk.scan(item, _module_of(item.name), _no_texts)
    for name in (*_ALWAYS, *_FROM_C, *_at_start()):
        walk.reach(name)
    for name in walk.modules:
        if name.partition(".")[0] in _ALWAYS:
            walk.reach(name)
    walk.finish()
    return Reached(*walk.settle(library))


class _Walk:
    def __init__(self, library: Sequence[Item], member: str) -> None:
        self._prefix = member + "/"
        self.modules: dict[str, Item] = {}
        for item in library:
            name = self._name_of(item)
            if name:
                self.modules[name] = item
        self._reached: set[str] = set()
        self._waiting: list[str] = []

    def reach(self, name: str) -> bool:
        """reach notes a module and the packages that it is in; it tells whether there is one."""
        if name not in self.modules:
            return False
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            one = ".".join(parts[:count])
            if one in self.modules and one not in self._reached:
                self._reached.add(one)
                self._waiting.append(one)
        return True

    def scan(self, item: Item, name: str, takes: Callable[[str], bool]) -> None:
        """scan notes all that the code of an item imports, which is the module `name`, and its
        texts that `takes` accepts."""
        if item.data:
            return
        if item.name.rpartition("/")[2].endswith(".so"):
            for text in texts_in(item.read()):
                self.reach(text)
            return
        is_library = takes is _texts_of_library
        code = _code_of(item, is_library=is_library)
        if code is None:
            return
        package = name if "/__init__.py" in f"/{item.name}" else name.rpartition(".")[0]
        for one in imports_of(code, is_library=is_library):
            if (name, one.name) not in _NOT_FOLLOWED:
                self._follow(one, package)
        if is_library and not imports_by_text(code):
            return
        for text in texts_of(code):
            if takes(text):
                self.reach(text)

    def finish(self) -> None:
        """finish follows what was reached to its end."""
        while self._waiting:
            name = self._waiting.pop()
            self.scan(self.modules[name], name, _texts_of_library)
            for begin in _PUT_TOGETHER.get(name, ()):
                for other in [one for one in self.modules if one.startswith(begin)]:
                    self.reach(other)

    def settle(self, library: Sequence[Item]) -> tuple[list[Item], list[str]]:
        """settle returns the items to pack, data files of packages that were reached among them,
        and the names of the other modules."""
        packages = {
            self._path(item.name).rpartition("/")[0]
            for name, item in self.modules.items()
            if name in self._reached and "/__init__." in item.name
        }
        kept = []
        for item in library:
            name = self._name_of(item)
            if name:
                is_wanted = name in self._reached
            else:
                is_wanted = self._is_data_of(self._path(item.name), packages)
            if is_wanted:
                kept.append(item)
        return kept, sorted(self.modules.keys() - self._reached)

    def _is_data_of(self, path: str, packages: set[str]) -> bool:
        directory = path.rpartition("/")[0]
        if not directory:
            begins = [begin for name in self._reached for begin in _PUT_TOGETHER.get(name, ())]
            return not path.startswith("_") or path.startswith(tuple(begins))
        while directory:
            if directory in packages:
                return True
            directory = directory.rpartition("/")[0]
        return False

    def _follow(self, one: Import, package: str) -> None:
        name = one.name
        if one.level:
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - one.level + 1])
            name = ".".join(filter(None, (base, one.name)))
        parts = name.split(".")
        # `import a.b` in a library that has no a.b here still imports a.
        for count in range(1, len(parts) + 1):
            self.reach(".".join(parts[:count]))
        for wanted in one.names:
            if wanted != "*":
                self.reach(f"{name}.{wanted}")
                continue
            for other in self.modules:
                if other.rpartition(".")[0] == name:
                    self.reach(other)

    def _path(self, member: str) -> str:
        return member[len(self._prefix) :]

    def _name_of(self, item: Item) -> str:
        path = self._path(item.name)
        if path.startswith(NATIVE + "/"):
            path = path[len(NATIVE) + 1 :]
        return _module_of(path)


def _texts_of_application(_: str) -> bool:
    return True


def _texts_of_library(text: str) -> bool:
    return "." in text


def _no_texts(_: str) -> bool:
    return False


def _module_of(path: str) -> str:
    # "" for what is no module.
    directory, slash, base = path.rpartition("/")
    stem, _, rest = base.partition(".")
    if rest not in ("py", "pyc") and not rest.endswith("so"):
        return ""
    if not rest.endswith("so") and stem == "__init__":
        return directory.replace("/", ".")
    return (directory + slash + stem).replace("/", ".")


def _code_of(item: Item, *, is_library: bool) -> CodeType | None:
    if item.name.endswith(".py"):
        return compiled(item.read(), item.name, is_library=is_library)
    if item.name.endswith(".pyc"):
        content = item.read()
        if content[:4] == importlib.util.MAGIC_NUMBER:
            try:
                code = marshal.loads(content[_PYC_HEADER:])
            except (ValueError, EOFError, TypeError):
                return None
            return code if isinstance(code, CodeType) else None
    return None


def _at_start() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; print('\\n'.join(sys.modules))"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError("the interpreter does not start", f"Try: {sys.executable} -I -S -c ''")
    return done.stdout.split()
