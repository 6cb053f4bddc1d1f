"""The beginning of a launcher's ELF file, read and changed from outside."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

USUAL, OWN = 3, 0x60535646  # PT_INTERP, and the type that stands for it in a hardened launcher

_ENTRY = 24  # e_entry


class Header(NamedTuple):
    """Header is where a file says what starts it."""

    entry: int
    kind: int  # USUAL or OWN
    kind_at: int
    linker_at: int
    linker_size: int


def header_of(path: Path) -> Header:
    """header_of reads the file header, and the one program header that names the linker."""
    with path.open("rb") as file:
        content = file.read(1 << 16)
    entry, table = struct.unpack_from("<QQ", content, _ENTRY)
    size, count = struct.unpack_from("<HH", content, 54)
    found = []
    for at in range(table, table + size * count, size):
        kind, _, begin, _, _, length = struct.unpack_from("<IIQQQQ", content, at)
        if kind in (USUAL, OWN):
            found.append(Header(entry, kind, at, begin, length))
    (header,) = found
    return header


def linker_of(path: Path) -> str:
    """linker_of returns the path of the dynamic linker that a program names."""
    header = header_of(path)
    with path.open("rb") as file:
        file.seek(header.linker_at)
        return file.read(header.linker_size).rstrip(b"\0").decode()


def change(path: Path, *, entry: int | None = None, kind: int | None = None) -> None:
    """change writes into the header of a program that nobody runs."""
    header = header_of(path)
    if entry is not None:
        put(path, _ENTRY, struct.pack("<Q", entry))
    if kind is not None:
        put(path, header.kind_at, struct.pack("<I", kind))


def name_linker(path: Path, name: bytes) -> None:
    """name_linker has a program name another linker, in no more bytes than there are."""
    header = header_of(path)
    assert len(name) <= header.linker_size
    put(path, header.linker_at, name.ljust(header.linker_size, b"\0"))


def put(path: Path, at: int, content: bytes) -> None:
    """put writes into a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)
