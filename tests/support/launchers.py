"""A launcher that launches nothing, for what only needs one to be in front of an archive."""

from __future__ import annotations

import subprocess
from pathlib import Path

# The section of vfs/manifest/launch_rules.h, as it is before rules are put into it.
_TEXT = """
__asm__(".section .svfs_key,\\"a\\",%progbits\\n"
        ".ascii \\"SVFSKEY1\\"\\n.short 1\\n.zero 4086\\n.text\\n");
int main(void) { return 42; }
"""


def compile_launcher(path: Path) -> Path:
    """compile_launcher makes it of C at `path`; it ends with 42."""
    source = path.with_name(path.name + ".c")
    source.write_text(_TEXT, encoding="utf-8")
    subprocess.run(["cc", "-O", "-o", str(path), str(source)], check=True)
    source.unlink()
    return path
