"""Distributions in signed archives and directories, for importlib.metadata and its backport.

They come here by themselves once `signedvfs.hook` is in use: what they find in an archive of ours
has been verified, and is never read from the file in any other way.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata as standard  # also where it is no attribute of importlib
from importlib.metadata import Distribution, DistributionFinder, EntryPoint, PathDistribution
from typing import TYPE_CHECKING, Any

from signedvfs._core import IntegrityCheckError, SignedVfs, _finder_of, zipimporter

if TYPE_CHECKING:
    from typing_extensions import Self

    from signedvfs.resources import ArchivePath

# The type of many entry points; None in Python 3.9, whose syntax for them is another one.
_ENTRY_POINTS: Any = getattr(standard, "EntryPoints", None)

_entry_point: Any = EntryPoint  # without the private function that gives it its distribution

_FindDistributions = Callable[[DistributionFinder.Context], Iterable[Distribution]]


def find_distributions(
    original: _FindDistributions, context: DistributionFinder.Context | None = None
) -> Iterator[Distribution]:
    """Guard PathFinder.find_distributions, which opens the archives on the path by itself.

    Entries of the path that are ours are answered from what is signed; the others are left to the
    original, all in the order of the path. Raises IntegrityCheckError for a refused archive.
    """
    asked = DistributionFinder.Context() if context is None else context
    others: list[str] = []
    for entry in asked.path:
        finder = _finder_of(os.fsdecode(entry))
        if finder is None:
            others.append(entry)
            continue
        yield from _ask(original, asked, others)
        others = []
        yield from _distributions(finder, asked.name)
    yield from _ask(original, asked, others)


def search(
    original: Callable[[Any, Any], Iterable[Any]], fast_path: Any, prepared: Any
) -> Iterable[Any]:
    """Guard FastPath.search, of importlib.metadata and of its backport, for one entry of a path.

    What it finds are directories, of which the caller makes distributions of its own class.
    """
    finder = _finder_of(os.fsdecode(fast_path.root))
    if finder is None:
        return original(fast_path, prepared)
    from signedvfs.resources import ArchivePath

    return [ArchivePath(*found[:3]) for found in _found(finder, prepared.name)]


def _ask(
    original: _FindDistributions, asked: DistributionFinder.Context, path: list[str]
) -> Iterator[Distribution]:
    if path:
        yield from original(type(asked)(**{**vars(asked), "path": path}))


def _distributions(finder: zipimporter, name: str | None) -> Iterator[Distribution]:
    for vfs, archive, at, normalized in _found(finder, name):
        yield SignedDistribution(vfs, archive, at, normalized)


def _found(finder: zipimporter, name: str | None) -> Iterator[tuple[SignedVfs, str, str, str]]:
    """Iterate over the directories that describe distributions called `name`; None: any."""
    try:
        vfs = finder.vfs
    except IntegrityCheckError:
        # Below given roots what is refused supplies nothing, and stops nobody else.
        if finder._below_roots:
            return
        raise
    if vfs is None:
        return
    at = finder.prefix.rstrip("/")
    archive = finder.archive
    root = posixpath.basename(at or archive)
    wanted = None if name is None else _normalized(name)
    for child in vfs.listdir(at):
        found = _distribution_name(child, root)
        if found is None:
            continue
        normalized = _normalized(found)
        if wanted is None or normalized == wanted:
            yield vfs, archive, finder.prefix + child, normalized


class SignedDistribution(PathDistribution):
    """A distribution in a signed archive: PathDistribution without its detours.

    Programs ask for the entry points of everything that is installed when they start. What is
    asked most is answered from the archive directly; everything else is left to the base class.
    """

    def __new__(cls, *_: object) -> Self:
        """Make one without the base class's search for abstract methods, done for each object."""
        return object.__new__(cls)

    def __init__(self, vfs: SignedVfs, archive: str, at: str, normalized: str) -> None:
        """Name the directory `at` of `vfs`, known as `archive`, and the normalized name."""
        self._vfs = vfs
        self._archive = archive
        self._directory = at
        self._at = f"{at}/"
        self._normalized = normalized

    @property
    def _path(self) -> ArchivePath:  # type: ignore[override]  # read only, and made when asked for
        """What the base class goes by; whoever only wants entry points never needs it."""
        from signedvfs.resources import ArchivePath

        return ArchivePath(self._vfs, self._archive, self._directory)

    def read_text(self, filename: str | os.PathLike[str]) -> str | None:
        """Return the text of a file of the distribution, or None where there is none."""
        if not isinstance(filename, str) or "/" in filename or filename in ("", ".", ".."):
            return super().read_text(filename)
        member = self._at + filename
        if not self._vfs.is_file(member):
            return None
        text = self._vfs.read(member).decode()
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    @property
    def _normalized_name(self) -> str:
        if not self._at.endswith((".dist-info/", ".egg-info/")):
            name: str = super()._normalized_name  # type: ignore[misc]  # a property that typeshed does not know
            return name
        return self._normalized.replace("-", "_")

    @property
    def entry_points(self) -> Any:  # of another type in each version of Python
        """The entry points, as the base class has them."""
        text = self.read_text("entry_points.txt")
        parsed = None if text is None or _ENTRY_POINTS is None else _parse(text)
        if parsed is None:
            return super().entry_points
        return _ENTRY_POINTS([_entry_point(*one)._for(self) for one in parsed])


def _parse(text: str) -> list[tuple[str, str, str]] | None:
    """Return (name, value, group) of the entry points in `text`, or None where it is unusual."""
    found = []
    group = None
    for untrimmed in text.splitlines():
        line = untrimmed.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            group = line.strip("[]")
            continue
        name, equals, value = line.partition("=")
        if not equals or group is None:
            return None
        found.append((name.strip(), value.strip(), group))
    return found


def _distribution_name(entry: str, root: str) -> str | None:
    """Return the name of the distribution that `entry` describes, or None."""
    lower = entry.lower()
    stem = posixpath.splitext(entry)[0] if lower.endswith((".dist-info", ".egg-info")) else entry
    if stem != entry:
        return stem.partition("-")[0]
    if lower == "egg-info" and root.lower().endswith(".egg"):
        return root.partition("-")[0]
    return None


def _normalized(name: str) -> str:
    normalized = name.lower().replace("_", "-").replace(".", "-")
    while "--" in normalized:
        normalized = normalized.replace("--", "-")
    return normalized
