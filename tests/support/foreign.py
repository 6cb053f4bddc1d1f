"""Archives of formats other than zip, made by libarchive's own command `bsdtar`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.archives import INDEX, MANIFEST, members_of

# FORMATS says how bsdtar is asked for what an archive's name promises.
FORMATS = {
    "app.tar": ["--format=pax"],
    "app.tar.gz": ["--format=pax", "--gzip"],
    "app.tar.bz2": ["--format=pax", "--bzip2"],
    "app.tar.xz": ["--format=pax", "--xz"],
    "app.tar.zst": ["--format=pax", "--zstd"],
    "app.7z": ["--format=7zip"],
    "app.cpio": ["--format=newc"],
}


def make_foreign(path: Path, members: Mapping[str, bytes]) -> Path:
    """Make the archive `path`, of the format that its name promises, in the members' order."""
    bsdtar = shutil.which("bsdtar")
    assert bsdtar, "the tests need bsdtar: scripts/setup.sh installs it (libarchive-tools)"
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for member, content in members.items():
            (root / member).parent.mkdir(parents=True, exist_ok=True)
            (root / member).write_bytes(content)
        # Names that are read from a file are no options, whatever they begin with.
        command = [bsdtar, "-c", "-f", str(path.resolve()), *FORMATS[path.name], "--no-recursion"]
        subprocess.run(
            [*command, "-C", name, "-T", "-"],
            input="".join(f"{member}\n" for member in members),
            check=True,
            encoding="utf-8",
        )
    return path


def signed_members(archive: Path) -> dict[str, bytes]:
    """Return the members of a signed zip archive in the order that other formats need.

    The manifest comes first: nothing else is decoded before it has been checked.
    """
    members = members_of(archive)
    members.pop(INDEX, None)
    return {MANIFEST: members.pop(MANIFEST), **members}
