"""Times what has to happen before the first verified import, beside `import zipfile`."""

from __future__ import annotations

from pathlib import Path

import names
import signedvfs
from archives import write_signed
from keys import public_text
from race import Entry, Race, race


def run(work: Path, key: signedvfs.PrivateKey, rounds: int) -> Race:
    """Starts both ways; the archive, made below `work`, has one module."""
    archive = work / "small.zip"
    write_signed(archive, {"module.py": b""}, "stored", key)
    task = {
        "measure": "startup",
        "place": str(archive),
        "key": public_text(key),
        "signedvfs": str(Path(signedvfs.__file__).parents[1]),
    }
    entries = [
        Entry(names.START_ZIPFILE, {**task, "loader": "zipfile"}),
        Entry(names.START_OURS, {**task, "loader": "signedvfs"}),
    ]
    return race("start-up", "small_child.py", entries, rounds, "ready")
