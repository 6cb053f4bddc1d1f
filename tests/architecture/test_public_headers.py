"""What other projects get of the headers is complete."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_public_headers_include_public_headers_only() -> None:
    # A header that is not installed breaks whoever includes one that needs it.
    text = (ROOT / "cmake" / "SignedvfsInstall.cmake").read_text()
    public = set(re.findall(r"\$\{PROJECT_SOURCE_DIR\}/(\S+\.h)", text))
    assert "vfs/signed_vfs.h" in public
    for header in sorted(public):
        included = set(
            re.findall(r'^#include "([^"]+)"', (ROOT / header).read_text(), re.MULTILINE)
        )
        assert included <= public, f"{header} includes {sorted(included - public)}"
