"""Data files of packages in signed archives and directories, for importlib.resources.

`importlib.resources` and its backport come here by themselves: `files(package)` of a package that
was imported through `signedvfs.hook` is an `ArchivePath`, and `as_file` gives it a path in the file
system.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import io
import itertools
import os
import pathlib
import posixpath
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import ModuleSpec
from importlib.resources import as_file
from typing import IO, Any, Union

from signedvfs._core import SignedVfs, _finder_of, doors_are_open, zipimporter
from signedvfs.sealed import private_directory, sealed_file, write_private

if sys.version_info >= (3, 11):
    from importlib.resources.abc import Traversable, TraversableResources
else:
    from importlib.abc import Traversable, TraversableResources

_Segment = Union[str, "os.PathLike[str]"]

_ERRNO = {
    FileNotFoundError: errno.ENOENT,
    IsADirectoryError: errno.EISDIR,
    NotADirectoryError: errno.ENOTDIR,
}


class ArchivePath(Traversable):
    """A file or directory in a signed archive or directory, which need not exist.

    Has what importlib.resources asks of a Traversable and the reading half of pathlib.Path. It
    belongs to the archive that was in use when it was made. All content is verified when it is
    read: an IntegrityCheckError where it is not what was signed.
    """

    __slots__ = ("_at", "_root", "_vfs")

    def __init__(self, vfs: SignedVfs, root: str, at: str = "") -> None:
        """Name `at` ("" is the root, else parts joined by "/") in `vfs`, known as `root`."""
        self._vfs = vfs
        self._root = root
        self._at = at

    @property
    def name(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self._at or self._root)

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return pathlib.PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The last suffix of the name with its dot, or ""."""
        return pathlib.PurePosixPath(self.name).suffix

    @property
    def suffixes(self) -> list[str]:
        """All suffixes of the name."""
        return pathlib.PurePosixPath(self.name).suffixes

    @property
    def parent(self) -> ArchivePath:
        """The directory that this lies in; the root lies in itself."""
        return self._other(posixpath.dirname(self._at))

    def joinpath(self, *descendants: _Segment) -> ArchivePath:
        """Return what lies below; parts may hold slashes. ".." leads nowhere."""
        at = posixpath.join(self._at, *[os.fspath(one) for one in descendants])
        kept = [part for part in at.split("/") if part not in ("", ".")]
        return self._other(("/" if at.startswith("/") else "") + "/".join(kept))

    def __truediv__(self, child: _Segment) -> ArchivePath:
        return self.joinpath(child)

    def exists(self) -> bool:
        """Tell whether it is a file or a directory."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Tell whether it is a listed file."""
        return self._vfs.is_file(self._at)

    def is_dir(self) -> bool:
        """Tell whether listed files lie below it."""
        return self._vfs.is_dir(self._at)

    def is_symlink(self) -> bool:
        """Return False: nothing in an archive leads elsewhere."""
        return False

    def iterdir(self) -> Iterator[ArchivePath]:
        """Iterate over what lies directly below; NotADirectoryError, FileNotFoundError."""
        if not self.is_dir():
            raise _os_error(NotADirectoryError if self.is_file() else FileNotFoundError, self)
        return (self._other(posixpath.join(self._at, name)) for name in self._vfs.listdir(self._at))

    def glob(self, pattern: str) -> Iterator[ArchivePath]:
        """Iterate over what matches, "**" standing for any number of directories."""
        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        if not parts:
            raise ValueError(f"unacceptable pattern: {pattern!r}")
        return _unique(self._glob(parts))

    def rglob(self, pattern: str) -> Iterator[ArchivePath]:
        """Do the same in all directories below."""
        return self.glob(f"**/{pattern}")

    def match(self, pattern: str) -> bool:
        """Match the path inside the archive, as pathlib.PurePath.match does."""
        return pathlib.PurePosixPath(self._at).match(pattern)

    def open(
        self,
        mode: str = "r",
        buffering: int = -1,  # noqa: ARG002  # pathlib has it; all of the content is in memory
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:
        """Open the verified content for reading; FileNotFoundError, IsADirectoryError."""
        if mode not in ("r", "rt", "rb"):
            raise ValueError(f"{self}: cannot be opened with mode {mode!r}; it can only be read")
        binary = io.BytesIO(self.read_bytes())
        if mode == "rb":
            if encoding is not None or errors is not None or newline is not None:
                raise ValueError("binary mode takes no encoding, errors or newline")
            return binary
        return io.TextIOWrapper(binary, encoding, errors, newline)

    def read_bytes(self) -> bytes:
        """Return the verified content; FileNotFoundError, IsADirectoryError."""
        if not self.is_file():
            raise _os_error(IsADirectoryError if self.is_dir() else FileNotFoundError, self)
        return self._vfs.read(self._at)

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """Return the verified content as text, by default in the locale's encoding, like open."""
        with self.open("r", encoding=encoding, errors=errors) as file:
            text: str = file.read()
        return text

    def __str__(self) -> str:
        return posixpath.join(self._root, self._at) if self._at else self._root

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._root!r}, {self._at!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ArchivePath):
            return NotImplemented
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def _other(self, at: str) -> ArchivePath:
        return type(self)(self._vfs, self._root, at)

    def _glob(self, parts: list[str]) -> Iterator[ArchivePath]:
        first, rest = parts[0], parts[1:]
        if first == "**":
            if rest:
                yield from self._glob(rest)
            else:
                yield self
            for child in self.iterdir():
                if child.is_dir():
                    yield from child._glob(parts)
            return
        for child in self.iterdir():
            if not fnmatch.fnmatchcase(child.name, first):
                continue
            if not rest:
                yield child
            elif child.is_dir():
                yield from child._glob(rest)


class OpenArchivePath(ArchivePath):
    """An `ArchivePath` that opens by its path, too: one that was made while the doors are open.

    `open`, `gzip.open`, `os.listdir` and their like take it, as they take the pathlib.Path that
    resources in directories are; many programs have never seen another.
    """

    __slots__ = ()

    def __fspath__(self) -> str:
        return str(self)


class ArchiveReader(TraversableResources):
    """The resources of one directory of an archive."""

    def __init__(self, directory: Traversable) -> None:
        self._directory = directory

    def files(self) -> Traversable:
        """Return the directory."""
        return self._directory

    def is_resource(self, path: str) -> bool:
        """Tell whether `path` is a file directly in the directory, or below it."""
        return self._directory.joinpath(path).is_file()


class MergedPath(Traversable):
    """The portions of a namespace package as one directory: the first that has a name wins."""

    def __init__(self, portions: Iterable[Traversable]) -> None:
        self._portions = list(portions)

    @property
    def name(self) -> str:
        """The name of the directory."""
        return self._portions[0].name

    def iterdir(self) -> Iterator[Traversable]:
        """Iterate over what lies in the portions, each name once."""
        children = itertools.chain.from_iterable(one.iterdir() for one in self._portions)
        names = dict.fromkeys(child.name for child in children)
        return (self._child(name) for name in names)

    def joinpath(self, *descendants: _Segment) -> Traversable:
        """Return what lies below; parts may hold slashes."""
        parts = posixpath.join("", *[os.fspath(one) for one in descendants]).split("/")
        kept = [part for part in parts if part not in ("", ".")]
        if not kept:
            return self
        below = self._child(kept[0])
        return below.joinpath(*kept[1:]) if kept[1:] else below

    def __truediv__(self, child: _Segment) -> Traversable:
        return self.joinpath(child)

    def is_dir(self) -> bool:
        """Return True."""
        return True

    def is_file(self) -> bool:
        """Return False."""
        return False

    def open(self, mode: str = "r", *_: Any, **__: Any) -> IO[Any]:  # noqa: ARG002  # open's
        """Raise IsADirectoryError."""
        raise _os_error(IsADirectoryError, self)

    def read_bytes(self) -> bytes:
        """Raise IsADirectoryError."""
        raise _os_error(IsADirectoryError, self)

    def read_text(self, encoding: str | None = None) -> str:  # noqa: ARG002  # Traversable's
        """Raise IsADirectoryError."""
        raise _os_error(IsADirectoryError, self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._portions))})"

    def __str__(self) -> str:
        return str(self._portions[0])

    def _child(self, name: str) -> Traversable:
        found = [
            child for child in (one.joinpath(name) for one in self._portions) if _exists(child)
        ]
        if len(found) > 1 and all(child.is_dir() for child in found):
            return MergedPath(found)
        return found[0] if found else self._portions[0].joinpath(name)


@contextlib.contextmanager
def _no_orphans(fullname: str) -> Iterator[None]:
    """Let no AttributeError out: importlib.resources takes it for a loader without resources.

    What it then shows are "orphan paths" without content, or what it finds in the file by itself.
    """
    try:
        yield
    except AttributeError as error:
        raise RuntimeError(f"signedvfs cannot give the resources of {fullname!r}") from error


def reader_of(finder: zipimporter, fullname: str) -> ArchiveReader | None:
    """Return the reader of a package's resources; of a module's, from 3.13 on, like zipimport."""
    with _no_orphans(fullname):
        try:
            is_package = finder.is_package(fullname)
        except ImportError:
            if sys.version_info >= (3, 13):
                raise
            return None
        if not is_package and sys.version_info < (3, 13):
            return None
        directory = _directory_of(finder)
        return ArchiveReader(directory / fullname.rpartition(".")[2] if is_package else directory)


def get_resource_reader(original: Callable[[Any, str], object], loader: Any, module: str) -> object:
    """Guard NamespaceLoader.get_resource_reader, which opens the archives among the portions."""
    with _no_orphans(module):
        portions = _portions(loader._path)
    return original(loader, module) if portions is None else ArchiveReader(portions)


def read_namespace(original: Callable[[Any, Any], None], reader: Any, paths: Any) -> None:
    """Guard NamespaceReader.__init__, also the backport's, which opens archives among the portions.

    It is tried with packages that are none, too: then there is nothing to look at.
    """
    with _no_orphans("a namespace package"):
        is_namespace = "NamespacePath" in str(paths)  # as the original finds out
        portions = _portions(paths) if is_namespace else None
    if portions is None:
        original(reader, paths)
    else:
        reader.path = portions


def zip_files(original: Callable[[Any], object], reader: Any) -> object:
    """Guard ZipReader.files, and that of the backport, which opens the archive."""
    finder = _finder_of(os.fsdecode(reader.archive))
    if finder is None:
        return original(reader)
    return _path_in(*_place_of(finder)).joinpath(reader.prefix)


def fallback_resources(original: Callable[[ModuleSpec], object], spec: ModuleSpec) -> object:
    """Guard importlib._common.fallback_resources of Python 3.9, which opens `loader.archive`."""
    if isinstance(spec.loader, zipimporter):
        reader = spec.loader.get_resource_reader(spec.name)
        if reader is not None:
            return reader.files()
    if spec.origin is None and spec.submodule_search_locations is not None:
        portions = _portions(spec.submodule_search_locations)
        if portions is not None:
            return portions
    return original(spec)


def _portions(paths: Iterable[str]) -> Traversable | None:
    """Return the portions of a namespace package as one, or None where none of them is ours."""
    found = [(path, _finder_of(os.fsdecode(path))) for path in paths]
    if not any(finder is not None for _, finder in found):
        return None
    portions: list[Traversable] = [
        pathlib.Path(path) if finder is None else _directory_of(finder) for path, finder in found
    ]
    return portions[0] if len(portions) == 1 else MergedPath(portions)


def _directory_of(finder: zipimporter) -> ArchivePath:
    vfs, archive = _place_of(finder)
    return _path_in(vfs, archive, finder.prefix.rstrip("/"))


def _path_in(vfs: SignedVfs, root: str, at: str = "") -> ArchivePath:
    return (OpenArchivePath if doors_are_open() else ArchivePath)(vfs, root, at)


def _place_of(finder: zipimporter) -> tuple[SignedVfs, str]:
    vfs = finder.vfs
    if vfs is None:
        raise FileNotFoundError(f"{finder.archive}: there is no archive any more")
    return vfs, finder.archive


def _exists(path: Traversable) -> bool:
    return path.is_file() or path.is_dir()


def _os_error(kind: type[OSError], path: Traversable) -> OSError:
    number = _ERRNO[kind]
    return kind(number, os.strerror(number), str(path))


def _unique(paths: Iterable[ArchivePath]) -> Iterator[ArchivePath]:
    seen = set()
    for path in paths:
        if path not in seen:
            seen.add(path)
            yield path


def path_in_file_system(path: Traversable) -> contextlib.AbstractContextManager[pathlib.Path]:
    """Decide what `path` is for those who need a path in the file system, as `as_file` does.

    A file has a sealed path, which other processes of the user can open, too: `certifi.where()` is
    given to children. A directory can have more files than a process can have descriptors; where
    the doors are open, it is the virtual one, and otherwise its files are read-only copies.
    """
    if isinstance(path, ArchivePath) and path.is_dir() and doors_are_open():
        return contextlib.nullcontext(pathlib.Path(str(path)))
    return _private_tree(path) if path.is_dir() else sealed_file(path.name, path.read_bytes())


@contextlib.contextmanager
def _private_tree(source: Traversable) -> Iterator[pathlib.Path]:
    with private_directory() as directory:
        yield _copy_tree(source, directory)


def _copy_tree(source: Traversable, directory: pathlib.Path) -> pathlib.Path:
    target = directory / source.name
    if source.is_dir():
        target.mkdir()
        for child in source.iterdir():
            _copy_tree(child, target)
    else:
        write_private(target, source.read_bytes())
    return target


_register = as_file.register  # type: ignore[attr-defined]  # a singledispatch function
_register(ArchivePath, path_in_file_system)
_register(MergedPath, path_in_file_system)
