"""Times entry_points() over many installed distributions."""

from __future__ import annotations

from pathlib import Path

import names
import signedvfs
from archives import write_signed
from keys import public_text
from race import Entry, Race, race


def installed(count: int) -> dict[str, bytes]:
    """Returns what `count` distributions leave in site-packages; every second has entry points."""
    files: dict[str, bytes] = {}
    for i in range(count):
        name = f"distribution_{i}"
        info = f"{name}-1.{i}.dist-info"
        files[f"{name}/__init__.py"] = b""
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.{i}\nSummary: Number {i}\n"
        files[f"{info}/METADATA"] = (
            text.encode() + b"Requires-Dist: nothing\n" * 5 + b"\nText.\n" * 50
        )
        files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        files[f"{info}/RECORD"] = f"{name}/__init__.py,,\n{info}/METADATA,,\n".encode()
        if i % 2 == 0:
            points = (
                f"[console_scripts]\ntool-{i} = {name}:main\n\n[plugins]\np{i} = {name}:plugin\n"
            )
            files[f"{info}/entry_points.txt"] = points.encode()
    return files


def run(work: Path, key: signedvfs.PrivateKey, count: int, rounds: int) -> Race:
    """Asks for the entry points of so many distributions, below `work`, in files and archives."""
    files = installed(count)
    site = work / "site"
    for name, content in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    archive = work / "site.zip"
    write_signed(archive, files, "deflate", key)
    task = {
        "measure": "entry_points",
        "key": public_text(key),
        "signedvfs": str(Path(signedvfs.__file__).parents[1]),
    }
    entries = [
        Entry(names.POINTS_FILES, {**task, "loader": "files", "place": str(site)}),
        Entry(names.POINTS_ZIP, {**task, "loader": "zipimport", "place": str(archive)}),
        Entry(names.POINTS_OURS, {**task, "loader": "signedvfs", "place": str(archive)}),
    ]
    title = f"entry_points() of {count} distributions"
    return race(title, "small_child.py", entries, rounds, "points")
