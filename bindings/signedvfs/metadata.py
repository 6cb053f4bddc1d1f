"""Distributions in signed archives and directories, for importlib.metadata.

`importlib.metadata` comes here by itself once `signedvfs.hook` is in use: what it finds in an
archive of ours has been verified, and is never read from the file in any other way.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import Distribution, DistributionFinder, PathDistribution

from signedvfs._core import zipimporter
from signedvfs.finders import finder_of
from signedvfs.resources import ArchivePath

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
        finder = finder_of(entry)
        if finder is None:
            others.append(entry)
            continue
        yield from _ask(original, asked, others)
        others = []
        yield from _distributions(finder, asked.name)
    yield from _ask(original, asked, others)


def _ask(
    original: _FindDistributions, asked: DistributionFinder.Context, path: list[str]
) -> Iterator[Distribution]:
    if path:
        yield from original(type(asked)(**{**vars(asked), "path": path}))


def _distributions(finder: zipimporter, name: str | None) -> Iterator[Distribution]:
    vfs = finder.vfs
    if vfs is None:
        return
    root = ArchivePath(vfs, finder.archive, finder.prefix.rstrip("/"))
    if not root.is_dir():
        return
    for child in root.iterdir():
        found = _distribution_name(child.name, root.name)
        if found is not None and (name is None or _normalized(found) == _normalized(name)):
            yield PathDistribution(child)


def _distribution_name(entry: str, root: str) -> str | None:
    """Return the name of the distribution that `entry` describes, or None."""
    stem, suffix = posixpath.splitext(entry)
    if suffix.lower() in (".dist-info", ".egg-info"):
        return stem.partition("-")[0]
    if entry.lower() == "egg-info" and root.lower().endswith(".egg"):
        return root.partition("-")[0]
    return None


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
