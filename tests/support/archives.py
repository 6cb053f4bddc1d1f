"""Taking signed archives apart and putting them together again, as an attacker would."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from signedvfs import _tools

MANIFEST = "signedimp-manifest.txt"
INDEX = "signedvfs-index.bin"


def members_of(archive: Path) -> dict[str, bytes]:
    """Return the members of a zip archive in their order, the manifest included.

    Entries for directories are no members; whatever writes archives makes them.
    """
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist() if name[-1] != "/"}


def write_archive(archive: Path, members: Mapping[str, bytes]) -> None:
    """Write a well-formed zip archive with exactly these members."""
    with _tools.ArchiveWriter(archive) as writer:
        for name, content in members.items():
            if name in (MANIFEST, INDEX):
                writer.add(name, content, "stored")
            else:
                writer.add(name, content)


def tamper(archive: Path, changes: Mapping[str, bytes | None]) -> None:
    """Replace, add or (None) remove members, in an archive that stays well-formed."""
    members = {**members_of(archive), **changes}
    # Our own members stay the last ones, where readers look for them.
    for own in (MANIFEST, INDEX):
        content = members.pop(own, None)
        if content is not None:
            members[own] = content
    write_archive(archive, {name: data for name, data in members.items() if data is not None})
