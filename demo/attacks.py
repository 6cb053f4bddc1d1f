"""Ways to tamper with a signed archive, as somebody without the key would.

Each function takes the path of a genuine archive and writes a tampered one to `out`. They use
Python's `zipfile`, whose output is a valid zip: what must stop it is the signature.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

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


def flip_one_byte(archive: Path, out: Path, member: str) -> None:
    """Change a single bit in the stored bytes of `member`."""
    with zipfile.ZipFile(archive) as source:
        info = source.getinfo(member)
    content = bytearray(archive.read_bytes())
    content[info.header_offset + 30 + len(member.encode()) + info.compress_size // 2] ^= 1
    out.write_bytes(content)


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


def with_directory_entries(archive: Path, out: Path) -> None:
    """Add the entries for directories that a signed archive does without; no attack by itself."""
    out.write_bytes(archive.read_bytes())
    with zipfile.ZipFile(out, "a") as target:
        names = target.namelist()
        for parent in sorted({str(p) for n in names for p in Path(n).parents if str(p) != "."}):
            target.writestr(zipfile.ZipInfo(f"{parent}/"), b"")


def unpack(archive: Path, out: Path) -> None:
    """Unpack all but the manifest and the index: a plain directory that Python would run."""
    shutil.rmtree(out, ignore_errors=True)
    with zipfile.ZipFile(archive) as source:
        for info in source.infolist():
            if info.filename not in (MANIFEST, INDEX):
                source.extract(info, out)
