"""Native code of archives: loaded ahead of time, and found by the names that ctypes knows."""

from __future__ import annotations

from collections.abc import Callable

from signedvfs._core import _bundled_library, zipimporter


def preload(*packages: str) -> list[str]:
    """Load the native code of top-level packages or modules, without importing them.

    For servers that fork their workers: sealed memory is shared by a process and those that it has
    forked, and by no others, so what the parent has loaded takes memory once. Returns the members
    that are loaded, those that were loaded before included; the libraries that they need are loaded
    along. Constructors of the libraries run; no module is executed.

    Raises ModuleNotFoundError for what is not found, ImportError for what is in no signed archive
    or directory, or cannot be loaded, and IntegrityCheckError for what departs from its manifest.
    """
    from importlib.util import find_spec

    loaded: list[str] = []
    for package in packages:
        if "." in package:
            raise ValueError(f"{package!r} is no top-level package; name the package that it is in")
        spec = find_spec(package)
        if spec is None:
            raise ModuleNotFoundError(f"no module named {package!r}", name=package)
        finders = _finders(spec.loader, spec.submodule_search_locations)
        if not finders:
            raise ImportError(
                f"{package!r} is in no signed archive or directory", name=package, path=spec.origin
            )
        for finder in finders:
            loaded += finder._preload(package)
    return loaded


def _finders(loader: object, locations: object) -> list[zipimporter]:
    """_finders returns our finders that a package is loaded by, or its portions are."""
    from pkgutil import get_importer

    if isinstance(loader, zipimporter):
        return [loader]
    portions = [str(location).rpartition("/")[0] for location in locations or ()]  # type: ignore[attr-defined]  # a namespace's path
    found = [get_importer(portion) for portion in portions]
    return [finder for finder in found if isinstance(finder, zipimporter)]


def find_library(original: Callable[[str], str | None], name: str) -> str | None:
    """Guard ctypes.util.find_library: a library of an archive in use comes before the system's."""
    return _bundled_library(name) or original(name)
