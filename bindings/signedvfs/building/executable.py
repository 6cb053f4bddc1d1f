"""A launcher, padding and an archive: the three parts of an executable."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from signedvfs.building.errors import BuildError
from signedvfs.building.layout import MODE, PAGE


def read_launcher(path: Path) -> bytes:
    """read_launcher returns a launcher that nothing has been appended to. Raises BuildError."""
    content = path.read_bytes()
    size = elf_size(content)
    if size is None or size != len(content):
        raise BuildError(
            f"{path} is no launcher" + (": something stands behind it" if size else ""),
            "Take the one that signedvfs was installed with.",
        )
    return content


def elf_size(content: bytes) -> int | None:
    """elf_size returns how many of the first bytes an ELF file of 64 bits, little-endian, says that
    it consists of (System V gABI, chapter 4); None where it is no such file, or cut off."""
    if len(content) < 64 or content[:6] != b"\x7fELF\x02\x01":
        return None

    def number(at: int, size: int) -> int:
        return int.from_bytes(content[at : at + size], "little")

    segments, sections = number(0x20, 8), number(0x28, 8)
    ends = [64]
    for index in range(number(0x38, 2)):
        at = segments + index * number(0x36, 2)
        ends.append(at + number(0x36, 2))
        ends.append(number(at + 0x08, 8) + number(at + 0x20, 8))
    for index in range(number(0x3C, 2)):
        at = sections + index * number(0x3A, 2)
        ends.append(at + number(0x3A, 2))
        if number(at + 4, 4) != 8:  # SHT_NOBITS takes no place
            ends.append(number(at + 0x18, 8) + number(at + 0x20, 8))
    return max(ends) if max(ends) <= len(content) else None


def padded(launcher: bytes) -> bytes:
    """padded returns the launcher with zeros behind it, up to where the archive begins."""
    return launcher + bytes(-len(launcher) % PAGE)


def put_together(launcher: bytes, archive: Path, output: Path) -> None:
    """put_together writes both to the new file `output`, and lets everybody execute it."""
    with archive.open("rb") as rest, output.open("xb") as file:
        file.write(padded(launcher))
        shutil.copyfileobj(rest, file, 1 << 20)
        os.fchmod(file.fileno(), MODE)
