"""A launcher that launches nothing, for what only needs one to be in front of an archive, and where
a real one cannot start what it carries."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

_ASKING = Path(__file__).parents[2] / "importer/launcher/own_linker.py"

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


def own_linker() -> str | None:
    """own_linker returns the path of this interpreter's dynamic linker where it has one of its own,
    with a C library that lies beside it: as tests fetch Pythons of newer distributions."""
    words = [sys.executable, "-I", str(_ASKING)]
    told = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search("--dynamic-linker=([^;]+)", told)
    return found[1] if found else None


def skip_with_another_c_library() -> None:
    """Skips where signedvfs is a wheel for every glibc and this interpreter has a C library of its
    own. A wheel's launcher starts with the system's, and the libraries that it would carry may need
    a newer one. A launcher that was built for this interpreter has to start with the latter's."""
    of_wheel = metadata.distribution("signedvfs").read_text("WHEEL") or ""
    if "manylinux" in of_wheel and own_linker() is not None:
        pytest.skip("what this interpreter is linked with may need a newer C library than this is")
