"""Which code `run` is to run: the archive's __main__, a module, or what the command line has."""

from __future__ import annotations

import os
import sys

import signedvfs
from signedvfs.cli.failures import CliError
from signedvfs.self_unpacking import unpacks_itself

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec

    Find = Callable[[list[str], str], "ModuleSpec | None"]


def opened(archive: str) -> signedvfs.zipimporter:
    """opened returns the archive's finder, after its manifest was checked.

    Raises IntegrityCheckError. Whatever is to run, the archive has to be one that is trusted.
    """
    finder = sys.path_importer_cache[archive] = signedvfs.hook(archive)
    if finder.vfs is None:
        raise CliError(f"{archive} is neither an archive nor a directory", "Check the path.")
    return finder


def main_of(finder: signedvfs.zipimporter, given: str) -> ModuleSpec:
    """main_of finds the archive's __main__; `given` is how the user calls the archive."""
    spec = finder.find_spec("__main__")
    if spec is None or spec.loader is None:
        raise CliError(
            f"can't find '__main__' module in {given!r}",
            "Pack it with an entry point: signedvfs pack ... -m MODULE",
            "NoMain",
        )
    archive = finder.vfs
    tool = None if archive is None else unpacks_itself(archive.is_file, archive.is_dir)
    if tool is not None:
        raise CliError(
            f"{given} was made by {tool}: it unpacks itself, and what is run from the disk then is "
            "verified by nobody",
            "Pack the same application so that it runs from the archive: signedvfs pack "
            "-r requirements.txt -m MODULE -o app.zip --key FILE.key",
            "SelfUnpacking",
        )
    return spec


def module_of(name: str, archive: str, *, isolated: bool) -> ModuleSpec:
    """module_of finds what `python -m` would run, without running anything yet.

    That is a module of the archive; or of the standard library, which is trusted as the
    interpreter is; or, where nothing is isolated, any other on the path.
    """
    spec = None
    for find in _places(archive, isolated=isolated):
        spec = _runnable(find, name)
        # A directory of that name, which is a namespace package, is passed over for a package.
        if spec is not None or _is_there(find([], name.partition(".")[0])):
            break
    if spec is None:
        raise CliError(
            f"there is no module {name!r} to run in {archive!r}, nor in the standard library",
            _advice(name, isolated=isolated),
            "NoMain",
        )
    return spec


def _places(archive: str, *, isolated: bool) -> Iterator[Find]:
    yield _in_archive(archive)
    yield _in_directories([_library()])
    if not isolated:
        yield _in_directories(sys.path)


def _runnable(find: Find, name: str) -> ModuleSpec | None:
    spec = find(name.split(".")[:-1], name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = find(name.split("."), f"{name}.__main__")
    return spec if _is_there(spec) else None


def _is_there(spec: ModuleSpec | None) -> bool:
    return spec is not None and spec.loader is not None and spec.origin is not None


def _in_archive(archive: str) -> Find:
    return lambda parents, name: signedvfs.hook("/".join([archive, *parents])).find_spec(name)


def _in_directories(directories: list[str]) -> Find:
    from importlib.machinery import PathFinder

    def find(parents: list[str], name: str) -> ModuleSpec | None:
        path: list[str] | None = list(directories)
        for at in range(len(parents)):
            parent = PathFinder.find_spec(".".join(parents[: at + 1]), path)
            path = None if parent is None else parent.submodule_search_locations
            if path is None:
                return None
        return PathFinder.find_spec(name, path)

    return find


def _library() -> str:
    # Where the modules are that Python itself brings, whatever else is on the path.
    return os.path.dirname(os.__file__)


def _advice(name: str, *, isolated: bool) -> str:
    if isolated and _runnable(_in_directories(sys.path), name) is not None:
        return "It is installed beside: pack it, or let in what is installed: --no-isolated"
    return "Check the name; a package needs a __main__ of its own."
