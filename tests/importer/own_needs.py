"""What our own objects need of the C library, which is one file where they were built here."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

_PARTS = {"libdl.so.2", "libpthread.so.0", "librt.so.1"}


def parts_needed_by(path: Path) -> set[str]:
    """parts_needed_by returns the parts of glibc before 2.34 that an object needs by their names.
    Those of wheels do (docs/wheels.md)."""
    dynamic = subprocess.run(["readelf", "-dW", path], capture_output=True, text=True, check=True)
    return _PARTS & set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic.stdout))
