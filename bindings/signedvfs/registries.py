"""What pkg_resources and distlib do with our finders, which they ask by their class.

Both keep functions by the class of a finder or loader. Those for zipimport's open the archive by
themselves, with zipfile; these ask the finder instead. Copies of both, in pip and elsewhere, are
served as well: nothing here imports them. See `importer/doors/registries.h` for when it is called.
"""

from __future__ import annotations

import linecache
import os
import posixpath
import sys
from collections.abc import Iterator
from typing import Any, Callable

from signedvfs._core import IntegrityCheckError, _finder_face, _finder_of, zipimporter
from signedvfs.lasting import lasting_path
from signedvfs.resources import ArchivePath

# What is used of them. Modules that are only called like them are left alone.
_OF_PKG_RESOURCES = (
    "Distribution",
    "EggProvider",
    "ResolutionError",
    "file_ns_handler",
    "register_finder",
    "register_loader_type",
    "register_namespace_handler",
)
_OF_DISTLIB = ("ZipResourceFinder", "_finder_registry")

_METADATA = (".dist-info", ".egg-info")

# The classes that a finder may be asked for: what it says, and what programs derive from.
_CLASSES = (_finder_face, zipimporter)


def enter_pkg_resources(module: Any) -> None:
    """Have pkg_resources, or a copy, ask our finders."""
    if not _has_all(module, _OF_PKG_RESOURCES):
        return
    provider = _provider_class(module)
    find = _distribution_finder(module, _metadata_class(provider))
    for one in _CLASSES:
        module.register_loader_type(one, provider)
        module.register_finder(one, find)
        module.register_namespace_handler(one, module.file_ns_handler)
    # What was loaded before has looked for distributions already, without us.
    look_again = getattr(module, "_initialize_master_working_set", None)
    if look_again is not None and any(map(_is_ours, sys.path)):
        look_again()


def enter_distlib(module: Any) -> None:
    """Have distlib, or a copy, ask our finders: its functions for zipimport's class read nothing.

    They take names and sizes from `_files`, and content by `get_data`.
    """
    if _has_all(module, _OF_DISTLIB):
        module._finder_registry.setdefault(zipimporter, module.ZipResourceFinder)


def _has_all(module: object, names: tuple[str, ...]) -> bool:
    return all(hasattr(module, name) for name in names)


def _is_ours(entry: object) -> bool:
    return isinstance(entry, str) and _finder_of(entry) is not None


def _provider_class(pkg_resources: Any) -> Any:
    base: Any = pkg_resources.EggProvider

    class SignedProvider(base):  # type: ignore[misc]  # known only now
        """Resources of a module, and metadata of an egg that it lies in, all of it verified."""

        loader: zipimporter

        def _at(self, path: str) -> ArchivePath:
            vfs = self.loader.vfs
            archive = self.loader.archive
            if vfs is None:
                raise FileNotFoundError(f"{archive}: there is no archive any more")
            if path != archive and not path.startswith(f"{archive}/"):
                raise ValueError(f"{path} is not in {archive}")
            return ArchivePath(vfs, archive).joinpath(path[len(archive) + 1 :])

        def _has(self, path: str) -> bool:
            return self._at(path).exists()

        def _isdir(self, path: str) -> bool:
            return self._at(path).is_dir()

        def _listdir(self, path: str) -> list[str]:
            place = self._at(path)
            return [child.name for child in place.iterdir()] if place.is_dir() else []

        def get_resource_filename(self, manager: object, resource_name: str) -> str:  # noqa: ARG002  # the base's
            """Return a path that leads to verified content until the process ends."""
            return lasting_path(self._at(self._fn(self.module_path, resource_name)))

        def run_script(self, script_name: str, namespace: dict[str, Any]) -> None:
            """Run a script of the metadata, never a file that lies at its path."""
            script = f"scripts/{script_name}"
            if not self.has_metadata(script):
                raise pkg_resources.ResolutionError(
                    f"Script {script!r} not found in metadata at {self.egg_info!r}"
                )
            text = "\n".join(self.get_metadata(script).splitlines()) + "\n"
            path: str = self._fn(self.egg_info, script)
            namespace["__file__"] = path
            linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
            code = compile(text, path, "exec", dont_inherit=True)
            exec(code, namespace, namespace)  # what it is for

    return SignedProvider


def _metadata_class(provider: Any) -> Any:
    class SignedMetadata(provider):  # type: ignore[misc]  # known only now
        """The metadata of one distribution: a directory, or one file that is its PKG-INFO."""

        def __init__(self, finder: zipimporter, module_path: str, egg_info: str) -> None:
            self.loader = finder
            self.module_path = module_path
            self._setup_prefix()
            self.egg_info = egg_info

        def _fn(self, base: str, resource_name: str) -> str:
            if resource_name == "PKG-INFO" and base == self.egg_info and self._at(base).is_file():
                return base
            path: str = super()._fn(base, resource_name)
            return path

    return SignedMetadata


def _distribution_finder(pkg_resources: Any, metadata: Any) -> Callable[..., Iterator[Any]]:
    make: Any = pkg_resources.Distribution

    def find(finder: zipimporter, path_item: str, only: bool = False) -> Iterator[Any]:
        """Iterate over the distributions at an entry of the path; `only`: without eggs in it."""
        try:
            vfs = finder.vfs
        except IntegrityCheckError:
            # Below given roots what is refused supplies nothing, and stops nobody else.
            if finder._below_roots:
                return
            raise
        if vfs is None:
            return
        here = finder.prefix.rstrip("/")
        where = posixpath.join(finder.archive, here) if here else finder.archive
        if path_item.lower().endswith(".egg") and vfs.is_file(f"{finder.prefix}EGG-INFO/PKG-INFO"):
            described = metadata(finder, where, f"{where}/EGG-INFO")
            yield make.from_filename(path_item, metadata=described)
        for name in vfs.listdir(here):
            lower = name.lower()
            if lower.endswith(_METADATA):
                described = metadata(finder, where, f"{where}/{name}")
                yield make.from_location(path_item, name, described)
            elif lower.endswith(".egg") and not only and vfs.is_dir(finder.prefix + name):
                path = os.path.join(path_item, name)  # noqa: PTH118  # an entry of the path, as given
                egg = _finder_of(path)
                if egg is not None:
                    yield from find(egg, path)

    return find
