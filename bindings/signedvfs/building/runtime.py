"""The running interpreter as executables carry it: in their launcher, or as a shared library."""

from __future__ import annotations

import platform
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from signedvfs._tools import _empty_object, _shared_object
from signedvfs.building.errors import BuildError
from signedvfs.building.linker import Found, Linker, loaded_objects


def carried_python(linker: Linker, linked_in: str | None) -> Found:
    """carried_python returns the library of the running interpreter for a launcher that has the one
    of the sys.version `linked_in` in it, or none.

    In the first case it is an object that has nothing but the library's name: whoever asks for that
    finds the functions in the program, and no second Python on the machine. Raises BuildError.
    """
    if linked_in is None:
        return python_library(linker)
    if linked_in != sys.version:
        raise BuildError(
            f"the launcher has Python {linked_in} in it, and this is {sys.version}",
            "Build with that interpreter, or with the launcher that signedvfs was installed with.",
        )
    name = python_name()
    content = _empty_object(name)
    return Found(Path(name), content, _shared_object(content))


def python_name() -> str:
    """python_name returns the name of the library (DT_SONAME): "libpython3.11.so.1.0"."""
    name = sysconfig.get_config_var("INSTSONAME")
    if isinstance(name, str) and ".so." in name:
        return name
    # An interpreter that was linked statically knows no such name, and may have the library.
    return f"libpython3.{sys.version_info[1]}{sys.abiflags}.so.1.0"


def python_library(linker: Linker) -> Found:
    """python_library returns the library of the very version that runs.

    It is the one that this process uses, or, where the interpreter is linked statically, the one
    that was installed along with it. Raises BuildError.
    """
    name, refused = python_name(), []
    version = platform.python_version().encode()
    for path in _places(name):
        try:
            content = path.read_bytes()
            facts = _shared_object(content)
        except (OSError, ImportError):
            continue
        if version in content:
            return Found(path, content, facts)
        refused.append(str(path))
    found = linker.find(name)
    if found is not None and version in found.content:
        return found
    if found is not None:
        refused.append(str(found.path))
    others = f"; {refused[0]} is of another version" if refused else ""
    package = f"libpython3.{sys.version_info[1]}{sys.abiflags.replace('d', '-dbg')}"
    raise BuildError(
        f"this interpreter, {sys.executable}, has no shared library {name} beside it, which the "
        f"executable would carry{others}",
        f"Debian and Ubuntu have it in a package (apt-get install {package}); a Python that you "
        "build yourself gets it by ./configure --enable-shared (pyenv: "
        "PYTHON_CONFIGURE_OPTS=--enable-shared).",
    )


def _places(name: str) -> Iterator[Path]:
    yield from (path for path in loaded_objects() if path.name == name)
    directory = sysconfig.get_config_var("LIBDIR")
    if isinstance(directory, str):
        yield Path(directory, name)
    # Where it was moved to, if it was.
    yield Path(sys.base_exec_prefix, "lib", name)
    yield Path(sys.base_exec_prefix, "lib", sysconfig.get_config_var("MULTIARCH") or ".", name)
