"""Signs the archives that tests make, at the moment when one is used.

Not when one is written: the tests prepend, append and patch bytes afterwards. Nothing is imported
on the way, since the path hook asks for it.
"""

from __future__ import annotations

import os
import stat

import signedvfs

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
                self._sign_file(archive)
            self._seen[archive] = _identity(archive)
        except OSError:
            pass

    def _sign_file(self, archive: str) -> None:
        try:
            signedvfs.sign(archive, self._key)
        except (ValueError, signedvfs.IntegrityCheckError):
            return  # ambiguous: that stays unsigned


def _file_in(path: object) -> str | None:
    """Return the first component of a path that is a file, as far as there is one."""
    if isinstance(path, (bytes, os.PathLike)):
        path = os.fsdecode(path)
    if not isinstance(path, str):
        return None
    head = path
    while head:
        try:
            return head if stat.S_ISREG(os.stat(head).st_mode) else None
        except (OSError, ValueError):
            head = head.rpartition("/")[0]
    return None


def _identity(archive: str) -> tuple[int, ...]:
    """Return what tells that a file was changed or replaced."""
    found = os.stat(archive)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _resembles_archive(archive: str) -> bool:
    with open(archive, "rb") as file:
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
