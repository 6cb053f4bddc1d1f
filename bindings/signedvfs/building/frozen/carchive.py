"""PyInstaller's archive "PKG": at the end of an executable, or in a file beside it.

From PyInstaller's manual ("Advanced Topics", CArchive) and the structures of its bootloader; all
numbers are big-endian:

    content of the entries
    entries of the table: entry size, offset, stored size, size (32 bits each), compressed (8 bits),
        kind (1 byte), name, padded with zeros
    cookie: "MEI\\014\\013\\012\\013\\016", archive size, offset and size of the table, version of
        Python (3 * 100 + minor), name of its library (64 bytes)

Offsets count from where the archive begins, which is its size in front of the cookie's end.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from signedvfs.building.errors import BuildError

_MAGIC = b"MEI\014\013\012\013\016"
_COOKIE = struct.Struct("!8sIIII64s")
_ENTRY = struct.Struct("!IIIIBc")
_AGAIN = "Make the collection again."


@dataclass(frozen=True)
class Entry:
    """Entry is one of the table."""

    name: str
    kind: str
    offset: int  # in the file
    stored: int  # bytes there
    size: int  # bytes, unpacked
    is_compressed: bool


@dataclass(frozen=True)
class CArchive:
    """CArchive is an archive that was found in the file `path`."""

    path: Path
    python: int  # 311 is 3.11
    entries: list[Entry]  # as they come, which is how they are run
    options: list[str]

    def read(self, entry: Entry) -> bytes:
        """read returns the content of an entry. Raises BuildError, OSError."""
        with self.path.open("rb") as file:
            file.seek(entry.offset)
            content = file.read(entry.stored)
        if entry.is_compressed:
            content = inflated(content, entry.size, f"{self.path}: {entry.name}")
        if len(content) != entry.size:
            raise _broken(self.path, f"{entry.name!a} has another size than the table says")
        return content


def read_carchive(path: Path) -> CArchive | None:
    """read_carchive returns the archive of a file; None where it has none. Raises BuildError where
    it is broken, OSError."""
    with path.open("rb") as file:
        if path.stat().st_size < _COOKIE.size:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            cookie = content.rfind(_MAGIC)
            if cookie < 0:
                return None
            end = cookie + _COOKIE.size
            if end > len(content):
                raise _broken(path, "it is cut off")
            _, size, table, table_size, python, _ = _COOKIE.unpack(content[cookie:end])
            begin = end - size
            if begin < 0 or table + table_size + _COOKIE.size > size:
                raise _broken(path, "its table is outside of it")
            rows = content[begin + table : begin + table + table_size]
    return _parsed(path, rows, begin, table, python)


def inflated(content: bytes, at_most: int, origin: str) -> bytes:
    """inflated unpacks a zlib stream of at most `at_most` bytes, and nothing else. BuildError."""
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(content, at_most + 1)
    except zlib.error as error:
        raise BuildError(f"{origin} cannot be unpacked: {error}", _AGAIN) from None
    if len(found) > at_most or not unpacking.eof or unpacking.unused_data:
        raise BuildError(f"{origin} is cut off, or larger than it should be", _AGAIN)
    return found


def _parsed(path: Path, rows: bytes, begin: int, table: int, python: int) -> CArchive:
    found = CArchive(path, python, [], [])
    at = 0
    while at < len(rows):
        if len(rows) - at < _ENTRY.size:
            raise _broken(path, "its table is cut off")
        size, offset, stored, unpacked, compressed, kind = _ENTRY.unpack_from(rows, at)
        if size <= _ENTRY.size or size > len(rows) - at:
            raise _broken(path, "its table has an entry of an impossible size")
        try:
            name = rows[at + _ENTRY.size : at + size].rstrip(b"\0").decode("utf-8")
        except UnicodeDecodeError:
            raise _broken(path, "it has a name that is not UTF-8") from None
        if offset + stored > table or compressed > 1 or not name or "\0" in name:
            raise _broken(path, f"its entry {name!a} is none")
        at += size
        if kind == b"o":
            found.options.append(name)
            continue
        found.entries.append(
            Entry(name, kind.decode("latin-1"), begin + offset, stored, unpacked, compressed == 1)
        )
    return found


def _broken(path: Path, reason: str) -> BuildError:
    return BuildError(f"{path} has a broken archive of PyInstaller: {reason}", _AGAIN)
