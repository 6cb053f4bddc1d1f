"""Paths to verified content for those who never say when they are done with them."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from signedvfs.resources import ArchivePath, path_in_file_system

# Where it is, and what it is: the digests of the files.
_Content = tuple[str, tuple[str, ...]]

_given: dict[_Content, Path] = {}
_lock = threading.Lock()
_until_exit = contextlib.ExitStack()
atexit.register(_until_exit.close)


def lasting_path(path: ArchivePath) -> str:
    """Return a path in the file system that leads to the content until the process ends.

    It is the same for the same content. Raises FileNotFoundError, OSError, IntegrityCheckError.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or directory is signed")
    content = str(path), tuple(_digests(path))
    with _lock:
        found = _given.get(content)
        if found is None:
            found = _given[content] = _until_exit.enter_context(path_in_file_system(path))
    return str(found)


def _digests(path: ArchivePath) -> Iterator[str]:
    if path.is_file():
        yield f"{path} {path._vfs.stat(path._at).digest}"
    else:
        for child in path.iterdir():
            yield from _digests(child)
