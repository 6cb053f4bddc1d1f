"""signedvfs in zipimport's place, behind a hook that signs each archive before it is imported.

Archives are signed when they are used and not when they are written: the tests prepend, append and
patch bytes afterwards. The path hook imports nothing, or it would be called for that import.
"""

from __future__ import annotations

import os
import stat
import sys
import zipimport
from typing import TYPE_CHECKING

import signedvfs

if TYPE_CHECKING:
    from typing import Any

# An archive ends in this record, followed by a comment of at most 65535 bytes.
_END_RECORD = b"PK\x05\x06"
_END_RECORD_ROOM = 22 + 65535


class Signer:
    """Signs archives in place, unless the key has signed them as they stand."""

    def __init__(self, key: signedvfs.PrivateKey) -> None:
        self._key = key
        self._seen: dict[str, tuple[int, ...]] = {}

    def sign(self, path: object) -> None:
        """Sign the archive that a sys.path entry leads to, or into, if there is one.

        What cannot be signed stays as it is: it is for the importer to say what is wrong with it.
        """
        archive = _file_in(path)
        if archive is None:
            return
        try:
            if self._seen.get(archive) == _identity(archive):
                return
            if _resembles_archive(archive) and not _is_signed(archive):
                signedvfs.sign(archive, self._key)
            self._seen[archive] = _identity(archive)
        except (signedvfs.IntegrityCheckError, ValueError, OSError):
            pass


def _file_in(path: object) -> str | None:
    """Return the first component of a path that is a file, as far as there is one."""
    if isinstance(path, (bytes, os.PathLike)):
        path = os.fsdecode(path)
    if not isinstance(path, str):
        return None
    head = path
    while head:
        try:
            return head if stat.S_ISREG(os.stat(head).st_mode) else None  # noqa: PTH116
        except (OSError, ValueError):
            head = head.rpartition("/")[0]
    return None


def _identity(archive: str) -> tuple[int, ...]:
    """Return what tells that a file was changed or replaced."""
    found = os.stat(archive)  # noqa: PTH116  # importing pathlib would call the hook
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _resembles_archive(archive: str) -> bool:
    with open(archive, "rb") as file:  # noqa: PTH123
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_RECORD_ROOM))
        return _END_RECORD in file.read()


def _is_signed(archive: str) -> bool:
    """Tell whether another interpreter of this run has signed the archive as it stands."""
    try:
        opened = signedvfs.open(archive)
        for member in opened.list():
            opened.read(member)
    except signedvfs.IntegrityCheckError:
        return False
    return True


class _DirectoryCache(dict[str, object]):
    """zipimport's cache of archive directories. The tests clear it before they reuse a path."""

    def clear(self) -> None:
        super().clear()
        # To replace the policy is the public way to have every archive looked at anew.
        signedvfs.set_policy(signedvfs.get_policy())


def install(key_file: str) -> None:
    """Have the import system, and those who use zipimport by name, get signedvfs instead."""
    key = signedvfs.PrivateKey.load(key_file)
    signer = Signer(key)
    finder_type = signedvfs.zipimporter
    look_again = finder_type.invalidate_caches

    class Signing(type):
        """The type of `zipimport.zipimporter`: signs, and then makes an object of the product."""

        def __call__(cls, *args: Any, **kwargs: Any) -> signedvfs.zipimporter:
            for path in (*args, *kwargs.values()):
                signer.sign(path)
            return finder_type(*args, **kwargs)

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, finder_type)

        def __repr__(cls) -> str:
            return repr(finder_type)

    # It is no base of what it makes: pkgutil registers a function for it that reads zipimport's
    # private cache, which must not be chosen for the product's finders.
    class Zipimporter(metaclass=Signing):
        """What the tests find as zipimport.zipimporter."""

    def hook(path: str) -> signedvfs.zipimporter:
        signer.sign(path)
        return signedvfs.hook(path)

    def invalidate_caches(finder: signedvfs.zipimporter) -> None:
        signer.sign(finder.archive)
        look_again(finder)

    signedvfs.trust(key.public_key)
    sys.path_hooks[sys.path_hooks.index(zipimport.zipimporter)] = hook
    vars(zipimport).update(zipimporter=Zipimporter, _zip_directory_cache=_DirectoryCache())
    finder_type.invalidate_caches = invalidate_caches  # type: ignore[method-assign]
