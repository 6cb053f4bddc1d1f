"""Writes what is imported: signed archives, which zipimport reads as well, and .pyc files."""

from __future__ import annotations

import struct
from importlib.util import MAGIC_NUMBER, source_hash
from marshal import dumps
from pathlib import Path
from typing import Literal

import signedvfs
from signedvfs import _tools

Method = Literal["stored", "deflate", "zstd"]

# The last records of a zip archive (APPNOTE.TXT 4.3.14 to 4.3.16).
END = struct.Struct("<4s4H2LH")
ZIP64_END = struct.Struct("<4sQ2H2L4Q")
ZIP64_LOCATOR_BYTES = 20


def unchecked_pyc(name: str, source: bytes) -> bytes | None:
    """Compiles a module to an unchecked .pyc (PEP 552); None where it is no Python (a template)."""
    try:
        code = compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return MAGIC_NUMBER + (0b01).to_bytes(4, "little") + source_hash(source) + dumps(code)


def write_signed(
    path: Path,
    members: dict[str, bytes],
    method: Method,
    key: signedvfs.PrivateKey,
    index: bool | None = None,
) -> None:
    """Writes the members, in the order that they have, and signs; `index` is as for `sign`."""
    with _tools.ArchiveWriter(str(path)) as writer:
        for name, content in members.items():
            writer.add(name, content, method=method)
    signedvfs.sign(str(path), key, index=index)


def many_members(count: int) -> dict[str, bytes]:
    """Returns `count` small modules in packages of fifty."""
    code = b"value = %d\n"
    return {f"package_{i // 50}/module_{i}.py": code % i for i in range(count)}


def without_zip64(archive: Path, target: Path) -> Path:
    """Returns an archive with the same members that zipimport reads before Python 3.13.

    That is `archive` itself, or where it has more than 65,535 members a copy with none of the zip64
    records (APPNOTE.TXT 4.3.14, 4.3.15) and a count that is not right and not looked at.
    """
    content = archive.read_bytes()
    end = len(content) - END.size
    locator = end - ZIP64_LOCATOR_BYTES
    if content[locator : locator + 4] != b"PK\x06\x07":
        return archive
    zip64 = locator - ZIP64_END.size
    size, offset = ZIP64_END.unpack_from(content, zip64)[-2:]
    ending = END.pack(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, size, offset, 0)
    target.write_bytes(content[:zip64] + ending)
    return target


def write_floor(path: Path, members: dict[str, bytes]) -> None:
    """Writes what floor_finder keeps in memory: names, each with its .pyc, kind and file.

    The file is a path below `path`, as if it were an archive.
    """
    modules = {}
    for member, content in members.items():
        if member.endswith(".pyc"):
            stem = member[: -len(".pyc")]
            package = stem.endswith("/__init__")
            name = stem[: -len("/__init__")] if package else stem
            modules[name.replace("/", ".")] = (content, package, f"{path}/{stem}.py")
    path.write_bytes(dumps(modules))
