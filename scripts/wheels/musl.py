"""What the gate asks of files for musl. auditwheel cannot judge them where the system has glibc."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scripts.wheels.elf import Image

# By which musl's dynamic linker takes itself (ldso/dynlink.c): no file is looked for.
FILE = "libc.so"

# What the interpreter brings.
_PYTHON = ("Py", "_Py")


@cache
def symbols() -> frozenset[str]:
    """Symbols returns what the oldest musl with the tag, and the newest, have for others."""
    text = Path(__file__).with_name("musl_symbols.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(" ".join(lines).split())


def reasons_against(image: Image, *, is_extension: bool) -> Iterator[str]:
    """reasons_against says why a file would not be loaded wherever there is a musl 1.2."""
    missing = image.undefined - image.optional - symbols()
    if is_extension:
        missing = {one for one in missing if not one.startswith(_PYTHON)}
    if missing:
        yield f"needs what musl 1.2 does not have: {', '.join(sorted(missing)[:5])}"
    if image.versioned:
        yield f"needs versions of symbols of {', '.join(sorted(image.versioned))}: musl has none"
    if image.has_packed_relocations:
        yield "has relocations that musl before 1.2.4 passes over (DT_RELR)"
