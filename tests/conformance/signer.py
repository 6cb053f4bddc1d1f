"""Signs the archives that tests make, at the moment when one is used.

Not when one is written: the tests prepend, append and patch bytes afterwards. Nothing is imported
on the way, since the path hook asks for it.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import signedvfs

if TYPE_CHECKING:
    from types import ModuleType

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
            return
        except signedvfs.IntegrityCheckError:
            pass
        plain = archive + ".plain"
        if not _write_plainly(archive, plain):
            return
        try:
            signedvfs.sign(plain, self._key, output=archive)
        except signedvfs.IntegrityCheckError:
            pass
        finally:
            os.remove(plain)


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


def _write_plainly(archive: str, output: str) -> bool:
    """Write an archive anew without what signing refuses by design, as its message advises.

    That is comments, and directory entries that have (compressed) content. Members, their times
    and what stands in front of the archive are kept. Whoever made such an archive has zipfile
    loaded; in another process, or where zipfile cannot read it either, nothing is written.
    """
    module: ModuleType | None = sys.modules.get("zipfile")
    if module is None:
        return False
    try:
        with module.ZipFile(archive) as old:
            members = [(member, old.read(member)) for member in old.infolist()]
    except module.BadZipFile:
        return False
    start = min((member.header_offset for member, _ in members), default=0)
    with open(archive, "rb") as file, open(output, "wb") as new:
        new.write(file.read(start))
        with module.ZipFile(new, "w") as plain:
            for member, content in members:
                copy = module.ZipInfo(member.filename, member.date_time)
                if not member.is_dir():
                    copy.compress_type = member.compress_type
                plain.writestr(copy, content)
    return True
