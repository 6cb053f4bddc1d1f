"""Ways to tamper with a signed archive, as somebody without the key would.

Each function takes the path of a genuine archive and writes a tampered one to `out`. They use
Python's `zipfile`, whose output is a valid zip: what must stop it is the signature. Some are for
executables, which end with such an archive.
"""

from __future__ import annotations

import shutil
import struct
import zipfile
from pathlib import Path

from signedvfs.building.elf import elf_size, sections

MANIFEST = "signedimp-manifest.txt"
INDEX = "signedvfs-index.bin"
EVIL = b"raise SystemExit('EVIL: this code was never signed')\n"


def _rewrite(archive: Path, out: Path, change: dict[str, bytes | None]) -> None:
    """Copy `archive` member by member; `change` replaces contents, and None drops a member."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            content = change.get(info.filename, source.read(info))
            if content is not None:
                fresh = zipfile.ZipInfo(info.filename, info.date_time)
                fresh.compress_type = info.compress_type
                target.writestr(fresh, content)


def _bytes_of(archive: Path, member: str) -> tuple[int, int]:
    """Return where the bytes of `member` begin in the archive, and how many they are."""
    with zipfile.ZipFile(archive) as source:
        info = source.getinfo(member)
    lengths = archive.read_bytes()[info.header_offset + 26 : info.header_offset + 30]
    name, extra = struct.unpack("<HH", lengths)
    return info.header_offset + 30 + name + extra, info.compress_size


def flip_one_byte(archive: Path, out: Path, member: str) -> None:
    """Change a single bit in the stored bytes of `member`."""
    begin, size = _bytes_of(archive, member)
    content = bytearray(archive.read_bytes())
    content[begin + size // 2] ^= 1
    out.write_bytes(content)


def replace_bytes(archive: Path, out: Path, member: str, other: bytes) -> None:
    """Write other bytes over those of `member`, which is not compressed; nothing else moves."""
    begin, size = _bytes_of(archive, member)
    content = bytearray(archive.read_bytes())
    content[begin : begin + size] = other[:size].ljust(size, b"\0")
    out.write_bytes(content)


def flip_in_section(executable: Path, out: Path, section: str) -> None:
    """Change a single bit in the middle of a section of an executable."""
    content = executable.read_bytes()
    launcher = content[: elf_size(content)]
    (found,) = (one for one in sections(launcher) if one.name.decode() == section)
    changed = bytearray(content)
    changed[found.offset + found.size // 2] ^= 1
    out.write_bytes(changed)


def flip_at_end(executable: Path, out: Path) -> None:
    """Change a single bit in the last record of the archive, which says where all others are."""
    content = bytearray(executable.read_bytes())
    content[content.rindex(b"PK\5\6") + 16] ^= 1
    out.write_bytes(content)


def cut_off(executable: Path, out: Path) -> None:
    """Leave the last byte out."""
    out.write_bytes(executable.read_bytes()[:-1])


def strip_signature(archive: Path, out: Path) -> None:
    """Leave the manifest out."""
    _rewrite(archive, out, {MANIFEST: None})


def swap_members(archive: Path, out: Path, one: str, other: str) -> None:
    """Exchange the contents of two members; both are genuine, in the wrong place."""
    with zipfile.ZipFile(archive) as source:
        contents: dict[str, bytes | None] = {one: source.read(other), other: source.read(one)}
    _rewrite(archive, out, contents)


def append_member(archive: Path, out: Path, member: str) -> None:
    """Add a module that the manifest does not list."""
    out.write_bytes(archive.read_bytes())
    with zipfile.ZipFile(out, "a") as target:
        target.writestr(member, EVIL)


def unpack(archive: Path, out: Path) -> None:
    """Unpack all but the manifest and the index: a plain directory that Python would run."""
    shutil.rmtree(out, ignore_errors=True)
    with zipfile.ZipFile(archive) as source:
        for info in source.infolist():
            if info.filename not in (MANIFEST, INDEX):
                source.extract(info, out)
