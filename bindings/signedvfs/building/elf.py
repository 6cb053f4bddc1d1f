"""What an ELF file of 64 bits, little-endian, says of its parts (System V gABI, chapter 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_HEADER = 64  # bytes
_NO_CONTENT = 8  # SHT_NOBITS


class Section(NamedTuple):
    """Section is where the content of one is in the file."""

    name: bytes
    offset: int
    size: int


def elf_size(content: bytes) -> int | None:
    """elf_size returns how many of the first bytes belong to the file; None where it is no such
    file, or cut off."""
    if len(content) < _HEADER or content[:6] != b"\x7fELF\x02\x01":
        return None
    ends = [_HEADER]
    for at in _rows(content, 0x20, 0x36, 0x38):
        ends.append(at + _number(content, 0x36, 2))
        ends.append(_number(content, at + 0x08, 8) + _number(content, at + 0x20, 8))
    for at in _rows(content, 0x28, 0x3A, 0x3C):
        ends.append(at + _number(content, 0x3A, 2))
        if _number(content, at + 4, 4) != _NO_CONTENT:
            ends.append(_number(content, at + 0x18, 8) + _number(content, at + 0x20, 8))
    return max(ends) if max(ends) <= len(content) else None


def sections(content: bytes) -> list[Section]:
    """sections returns the sections of a file that elf_size knows the size of."""
    rows = list(_rows(content, 0x28, 0x3A, 0x3C))
    names_at = _number(content, 0x3E, 2)
    if names_at >= len(rows):
        return []
    names = _number(content, rows[names_at] + 0x18, 8)
    found = []
    for at in rows:
        begin = names + _number(content, at, 4)
        name = content[begin : content.find(b"\0", begin)]
        where = (_number(content, at + 0x18, 8), _number(content, at + 0x20, 8))
        found.append(Section(name, *where))
    return found


def loaded_part(content: bytes, size: int) -> bytes:
    """loaded_part returns the first `size` bytes of a shared object, all that is loaded of it, as a
    file without sections."""
    part = bytearray(content[:size])
    for at, width in ((0x28, 8), (0x3C, 2), (0x3E, 2)):  # e_shoff, e_shnum, e_shstrndx
        part[at : at + width] = bytes(width)
    return bytes(part)


def _rows(content: bytes, table: int, size: int, count: int) -> Iterator[int]:
    # Where the rows of a table begin, of which the header has these three fields.
    begin, step = _number(content, table, 8), _number(content, size, 2)
    return iter(range(begin, begin + step * _number(content, count, 2), step or 1))


def _number(content: bytes, at: int, size: int) -> int:
    return int.from_bytes(content[at : at + size], "little")
