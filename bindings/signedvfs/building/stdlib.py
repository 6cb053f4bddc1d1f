"""Which files of the running interpreter's standard library go into an executable."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from signedvfs.building.errors import BuildError
from signedvfs.building.layout import NATIVE, library_directory, library_member
from signedvfs.packaging.members import Item
from signedvfs.packaging.targets import is_for_another

_TESTS = "tests of Python itself"
_SITE = "what `site` would run, which the launcher does not"
# By the first part of the path below the library.
_TOP = {
    "dist-packages": "installed packages",
    "site-packages": "installed packages",
    "sitecustomize.py": _SITE,
    "test": _TESTS,
    "turtledemo": "demonstrations",
    "usercustomize.py": _SITE,
    "EXTERNALLY-MANAGED": "about installing packages",
}
_DIRECTORIES = {
    "__pycache__": "compiled anew",
    "idle_test": _TESTS,
    "test": _TESTS,
    "tests": _TESTS,
}
_CONFIG = re.compile(r"config-3\.[\w-]+")
_TEST_OBJECTS = re.compile(r"(_test|_ctypes_test|_xxtestfuzz|xxlimited|xxsubtype)\w*\..*so")


def reason_against(name: str) -> str:
    """reason_against returns why a file of the library, by its path in there, is left out; "" where
    it is not."""
    parts = name.split("/")
    if parts[0] in _TOP:
        return _TOP[parts[0]]
    if _CONFIG.fullmatch(parts[0]):
        return "for compiling extension modules"
    for part in parts[:-1]:
        if part in _DIRECTORIES:
            return _DIRECTORIES[part]
    if parts[-1].endswith((".whl", ".exe")):
        return "for installing packages"
    if parts[-1].endswith(".pyo"):
        return "a format that Python no longer reads"
    return _TESTS if _TEST_OBJECTS.fullmatch(parts[-1]) else ""


def library_items() -> list[Item]:
    """library_items returns the library's files, by the names that they get in an archive.

    Links are followed: whoever builds trusts the interpreter that he builds with. Raises BuildError
    where it keeps its library in no directory, OSError.
    """
    try:
        library, native = library_directory()
    except ValueError as error:
        raise BuildError(str(error), "Build with an interpreter that is installed.") from None
    into = library_member(library)
    found = {}
    for name, path in _files(Path(library)):
        if not name.startswith(NATIVE + "/") and not reason_against(name):
            found[f"{into}/{name}"] = path
    if native is not None:
        for name, path in _files(Path(native)):
            # Debian keeps those for its debug build beside them.
            is_own = name.endswith(".so") and "/" not in name and not is_for_another(name, None)
            if is_own and not reason_against(name):
                found[f"{into}/{NATIVE}/{name}"] = path
    return [Item(name, str(path), partial(path.read_bytes)) for name, path in sorted(found.items())]


def _files(top: Path) -> Iterator[tuple[str, Path]]:
    seen: set[str] = set()
    for directory, below, names in os.walk(top, followlinks=True):
        real = os.path.realpath(directory)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        here = Path(directory)
        prefix = "".join(f"{part}/" for part in here.relative_to(top).parts)
        # What is left out in one piece need not be looked through.
        below[:] = sorted(one for one in below if not reason_against(f"{prefix}{one}/"))
        for name in sorted(names):
            if (here / name).is_file():
                yield prefix + name, here / name
