"""Times the first look into archives of many members."""

from __future__ import annotations

import sys
from pathlib import Path

import names
import signedvfs
from archives import many_members, without_zip64, write_signed
from keys import public_text
from race import Entry, Race, race


def run(work: Path, key: signedvfs.PrivateKey, members: int, rounds: int) -> Race:
    """Opens an archive of so many members, made below `work`, both ways."""
    archive = work / "many.zip"
    content = many_members(members)
    write_signed(archive, content, "stored", key)
    task = {
        "measure": "open",
        "place": str(archive),
        "member": list(content)[members // 2],
        "key": public_text(key),
        "signedvfs": str(Path(signedvfs.__file__).parents[1]),
    }
    # zipimport has known zip64 since 3.13.
    for_zipimport = archive
    if sys.version_info < (3, 13):
        for_zipimport = without_zip64(archive, work / "classic.zip")
    entries = [
        Entry(names.OPEN_ZIP, {**task, "loader": "zipimport", "place": str(for_zipimport)}),
        Entry(names.OPEN_OURS, {**task, "loader": "signedvfs"}),
    ]
    return race(f"open {members:,} members", "small_child.py", entries, rounds, "members")
